-- Instants are microseconds since 1970 in UTC, and 0 is never. Lists and objects
-- are JSON. What is looked through for every list stands first in the row, and
-- what can be long, last: SQLite then reads no further.
CREATE TABLE dashboards (
    id              {text}  PRIMARY KEY,
    owner           {text}  NOT NULL,
    name            {text}  NOT NULL,
    folded_name     {text}  NOT NULL, -- dashboard.FoldName of the name
    server          {text}  NOT NULL,
    everyone        BOOLEAN NOT NULL,
    per_viewer      BOOLEAN NOT NULL,
    state           {text}  NOT NULL,
    revision        BIGINT  NOT NULL,
    last_revision   BIGINT  NOT NULL DEFAULT 0, -- the highest number that was given out
    thumbnail       {text}  NOT NULL DEFAULT '',
    created         BIGINT  NOT NULL,
    updated         BIGINT  NOT NULL,
    last_used       BIGINT  NOT NULL,
    source_kind     {text}  NOT NULL,
    source_server   {text}  NOT NULL,
    source_folder   {text}  NOT NULL,
    source_repo     {text}  NOT NULL,
    source_ref      {text}  NOT NULL,
    app_framework   {text}  NOT NULL,
    app_path        {text}  NOT NULL,
    app_environment {text}  NOT NULL,
    app_arguments   {text}  NOT NULL,
    options         {text}  NOT NULL,
    failure         {text}  NOT NULL,
    description     {text}  NOT NULL,
    search          {text}  NOT NULL -- name, description and owner, folded
);

CREATE UNIQUE INDEX dashboards_name ON dashboards (owner, folded_name);
CREATE UNIQUE INDEX dashboards_server ON dashboards (owner, server);

CREATE TABLE access (
    dashboard {text} NOT NULL REFERENCES dashboards (id) ON DELETE CASCADE,
    kind      {text} NOT NULL CHECK (kind IN ('user', 'group')),
    name      {text} NOT NULL,
    PRIMARY KEY (dashboard, kind, name)
);

CREATE INDEX access_name ON access (kind, name, dashboard);
