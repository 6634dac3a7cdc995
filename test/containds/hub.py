"""Writes what a hub with ContainDS Dashboards has in its database, by their own
tables and objects.

    hub.py DATABASE make       create all tables, and a dashboard of each sort
    hub.py DATABASE upgrade    bring the tables up to this version, as its page does
    hub.py DATABASE hold       begin to change a dashboard, say "holding", and keep
                               that open until standard input ends
"""

import sys
from datetime import datetime

from cdsdashboards.orm import Dashboard
from jupyterhub import orm

url, action = sys.argv[1:]


def make(db):
    ada, bob, eve = (orm.User(name=name) for name in ("ada", "bob", "eve"))
    db.add_all([ada, bob, eve])
    work = orm.Spawner(name="work", user=ada)
    running = orm.Spawner(name="dash-sales", user=ada)
    db.add_all([work, running])
    db.commit()

    known = set(Dashboard.__table__.columns.keys())

    def add(urlname, visitors=(), **values):
        dashboard = Dashboard(urlname=urlname, **{k: v for k, v in values.items() if k in known or k == "user"})
        if visitors is not None:
            group = orm.Group(name=dashboard.groupname)
            group.users.extend(visitors)
            dashboard.group = group
        db.add(dashboard)
        db.commit()
        return dashboard

    form = {"source_type": "jupytertree", "git_repo": "", "git_repo_branch": "", "conda_env": ""}
    sales = add(
        "sales", [bob, eve, ada], user=ada, name="Sales – “2021” \U0001f4c8", description="What we sold",
        start_path="reports/sales.ipynb", presentation_type="voila", allow_all=False,
        options=dict(form, conda_env="ml"), final_spawner_id=running.id,
        created=datetime(2021, 3, 4, 5, 6, 7, 8), started=datetime(2022, 1, 2, 3, 4, 5),
    )
    add(
        "of-git", user=ada, name="Of git", start_path="app/app.py", presentation_type="plotlydash", allow_all=True,
        options=dict(form, source_type="gitrepo", git_repo="https://ada:hunter2@example.org/team/app.git", git_repo_branch="main"),
    )
    add("own", user=bob, name="Own", start_path="a.py", presentation_type="custom-panel", allow_all=True, options=form)
    add("cloned", user=ada, name="Cloned", start_path="a.R", presentation_type="rshiny", allow_all=True, options={}, source_spawner_id=work.id)
    add("bare", None, user=eve)
    if "template_parent_id" in known:
        for viewer in (bob, eve):
            add("sales-" + viewer.name, None, user=viewer, name=sales.name, start_path=sales.start_path, presentation_type="voila",
                allow_all=False, options=sales.options, template_parent_id=sales.id)


if action == "upgrade":
    from cdsdashboards.dbutil import upgrade
    from cdsdashboards.orm import check_db_revision
    from sqlalchemy import create_engine

    try:
        check_db_revision(create_engine(url))
    except Exception as mismatch:
        print(mismatch)
        upgrade(url)
        check_db_revision(create_engine(url))
    sys.exit()

db = orm.new_session_factory(url)()
if action == "make":
    make(db)
    if hasattr(sys.modules["cdsdashboards.orm"], "check_db_revision"):
        sys.modules["cdsdashboards.orm"].check_db_revision(db.get_bind())  # which writes down the version
elif action == "hold":
    db.query(Dashboard).filter(Dashboard.urlname == "sales").one().name = "Not yet"
    db.flush()
    print("holding", flush=True)
    sys.stdin.read()
