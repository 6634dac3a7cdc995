CREATE TABLE jobs (
    id         {text}  PRIMARY KEY,
    dashboard  {text}  NOT NULL REFERENCES dashboards (id) ON DELETE CASCADE,
    kind       {text}  NOT NULL,
    viewer     {text}  NOT NULL,
    asked_by   {text}  NOT NULL,
    created    BIGINT  NOT NULL,
    revision   BIGINT  NOT NULL,
    step       {text}  NOT NULL,
    title      {text}  NOT NULL,
    percent    BIGINT  NOT NULL,
    done       BOOLEAN NOT NULL,
    failure    {text}  NOT NULL,
    finished   BIGINT  NOT NULL,
    worker     {text}  NOT NULL,
    seen       BIGINT  NOT NULL,
    last_line  BIGINT  NOT NULL DEFAULT 0, -- the highest number in its log
    -- Only these are of one viewer's server; the others are of the whole dashboard.
    CHECK (viewer = '' OR kind IN ('start', 'stop'))
);

CREATE UNIQUE INDEX jobs_open ON jobs (dashboard, viewer) WHERE NOT done;
CREATE INDEX jobs_created ON jobs (dashboard, created);

CREATE TABLE log_lines (
    job    {text} NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    line   {text} NOT NULL,
    PRIMARY KEY (job, number)
);

CREATE TABLE leader (
    id     BIGINT PRIMARY KEY CHECK (id = 1), -- there is one at most
    worker {text} NOT NULL,
    until  BIGINT NOT NULL
);
