CREATE TABLE grants (
    dashboard {text} NOT NULL REFERENCES dashboards (id) ON DELETE CASCADE,
    name      {text} NOT NULL,
    PRIMARY KEY (dashboard, name)
);

CREATE TABLE viewers (
    dashboard {text} NOT NULL REFERENCES dashboards (id) ON DELETE CASCADE,
    name      {text} NOT NULL,
    server    {text} NOT NULL,
    revision  BIGINT NOT NULL,
    state     {text} NOT NULL,
    last_used BIGINT NOT NULL,
    PRIMARY KEY (dashboard, name)
);

CREATE TABLE thumbnails (
    dashboard {text}  PRIMARY KEY REFERENCES dashboards (id) ON DELETE CASCADE,
    type      {text}  NOT NULL,
    content   {bytes} NOT NULL
);
