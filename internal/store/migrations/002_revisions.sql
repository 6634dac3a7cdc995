CREATE TABLE revisions (
    dashboard         {text}  NOT NULL REFERENCES dashboards (id) ON DELETE CASCADE,
    number            BIGINT  NOT NULL,
    asked_by          {text}  NOT NULL,
    state             {text}  NOT NULL,
    app_framework     {text}  NOT NULL,
    app_path          {text}  NOT NULL,
    app_environment   {text}  NOT NULL,
    app_arguments     {text}  NOT NULL,
    snapshot_kind     {text}  NOT NULL, -- empty while there is none
    snapshot_ref      {text}  NOT NULL,
    snapshot_repo     {text}  NOT NULL,
    snapshot_folder   {text}  NOT NULL,
    snapshot_commit   {text}  NOT NULL,
    snapshot_bytes    BIGINT  NOT NULL,
    snapshot_paused   BIGINT  NOT NULL, -- microseconds
    snapshot_complete BOOLEAN NOT NULL,
    created           BIGINT  NOT NULL,
    finished          BIGINT  NOT NULL,
    PRIMARY KEY (dashboard, number)
);
