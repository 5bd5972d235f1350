"""Where a file runs: in which deployed units and programs, and what it may count on there.

    gcloud functions deploy refresh --source=functions/refresh --timeout=120s

`functions/refresh/main.py` runs in a unit in which `shared/` is not there, and which is stopped
after 120 seconds. `tools/x.py`, which is started as `python tools/x.py`, has `tools/` on its module
path and not the folder of the project. An edit that is right in the module can be wrong there.

`programs` tells which units and scripts load a file, `import_roots` whether it may import a module
in all of them, `deadlines` after how long it is stopped. What is deployed comes from
`facts.deployments`.
"""
