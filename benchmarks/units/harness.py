"""Runs in the environment of a unit: imports a file by its name, or starts it by its path.

    python harness.py import|path|--help TARGET ROOTS STUBS TREE

ROOTS, the folders that modules are looked for in, and STUBS, the packages that are replaced where
they are not installed, are JSON. What is printed last is the error, the packages that were
replaced, and the files below TREE that were loaded. Runs on every Python 3.
"""

import importlib
import importlib.abc
import importlib.machinery
import json
import os
import runpy
import socket
import subprocess
import sys
import types
import warnings

way, target = sys.argv[1:3]
roots, absent = json.loads(sys.argv[3]), json.loads(sys.argv[4])
tree = os.path.realpath(sys.argv[5])
sys.argv = [target, "--help"] if way == "--help" else [target]
sys.path[0:1] = roots
warnings.simplefilter("ignore")
replaced = set()


def blocked(*_, **__):
    """Stand in for what would leave the process."""
    raise PermissionError("blocked by the benchmark")


def anything(*_, **__):
    """Stand in for what answers with anything."""
    from unittest.mock import MagicMock

    return MagicMock()


def secrets(*_, **__):
    """Stand in for a client whose secrets are all empty."""
    client = anything()
    client.access_secret_version.return_value.payload.data = b"{}"
    return client


def nothing(*_, **__):
    """Stand in for a request."""
    return {}


def default(*_, **__):
    """Stand in for the credentials of whoever runs it, and the project."""
    from google.auth import credentials

    return credentials.AnonymousCredentials(), "project"


def of_service(module):
    """Credentials of a file that is not there."""
    from google.auth import credentials

    class Known(credentials.AnonymousCredentials):
        project_id, service_account_email = "project", "one@example.com"

        @classmethod
        def from_service_account_file(cls, *_, **__):
            return cls()

        def with_scopes(self, *_, **__):
            return self

        from_service_account_info = from_service_account_file
        with_subject = with_quota_project = with_scopes

    module.Credentials = Known


def variable(*_, **given):
    """Stand in for a variable of Airflow."""
    return anything() if given.get("deserialize_json") else "1"


STUBS = {  # by module: what is done once it is imported
    "google.auth._default": lambda module: setattr(module, "default", default),
    "google.oauth2.service_account": of_service,
    "google.cloud.secretmanager": lambda m: setattr(m, "SecretManagerServiceClient", secrets),
    "google.cloud._http": lambda module: setattr(module.JSONConnection, "api_request", nothing),
    "googleapiclient.discovery": lambda module: setattr(module, "build", anything),
    "airflow.models.variable": lambda module: setattr(module.Variable, "get", variable),
}


class Stubbed(importlib.abc.MetaPathFinder):
    """Puts stubs into libraries when they are imported."""

    def find_spec(self, name, path=None, target=None):
        if name not in STUBS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def run(module):
                execute(module)
                STUBS[name](module)

            spec.loader.exec_module = run
        return spec


class Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands in for packages that the application imports and nobody says how to install."""

    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in absent:
            return None
        replaced.add(top)
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        def attribute(name):
            if name[:2] == "__":
                raise AttributeError(name)
            return anything()

        module = types.ModuleType(spec.name)
        module.__getattr__ = attribute
        return module

    def exec_module(self, module):
        pass


socket.socket.connect = socket.create_connection = socket.getaddrinfo = blocked
subprocess.Popen.__init__ = os.system = blocked
sys.meta_path.insert(0, Stubbed())
sys.meta_path.append(Absent())
try:
    if way == "import":
        importlib.import_module(target)
    else:
        runpy.run_path(target, run_name="__main__" if way == "--help" else "imported")
    said = ""
except SystemExit as ended:
    said = "" if ended.code in (None, 0) else f"SystemExit: {ended.code}"
except BaseException as error:
    said = f"{type(error).__name__}: {error}"
files = [getattr(each, "__file__", None) for each in [*sys.modules.values()]]
found = {os.path.realpath(each) for each in files if isinstance(each, str)}
if way != "import":
    found.add(os.path.realpath(target))
loaded = sorted(each[len(tree) + 1 :] for each in found if each.startswith(tree + os.sep))
print("\nSAID " + json.dumps([said, sorted(replaced), loaded]), flush=True)
os._exit(0)
