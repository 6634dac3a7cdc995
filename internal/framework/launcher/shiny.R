# Serves a Shiny app; the arguments are its path and the port.
given <- commandArgs(trailingOnly = TRUE)
shiny::runApp(given[1], port = as.integer(given[2]), host = "127.0.0.1", launch.browser = FALSE)
