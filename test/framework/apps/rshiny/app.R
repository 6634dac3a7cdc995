library(shiny)

ui <- fluidPage(
  titlePanel("Double it"),
  sliderInput("number", "Number", 0, 10, 3),
  textOutput("result")
)

server <- function(input, output) {
  output$result <- renderText(paste("doubled:", 2 * input$number))
}

shinyApp(ui, server)
