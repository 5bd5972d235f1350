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
unknown = []


def blocked(*_, **__):
    """Stand in for what would leave the process."""
    raise OSError("blocked by the benchmark")


def stub(module, name, value):
    """Replace something of a library, where it is installed."""
    try:
        holder = importlib.import_module(module)
        inner = name.split(".")
        for each in inner[:-1]:
            holder = getattr(holder, each)
        setattr(holder, inner[-1], value)
    except Exception as error:  # not installed, or of another version
        unknown.append(error)


def stub_services():
    """Give credentials, secrets and variables that are known to no service."""
    from unittest.mock import MagicMock

    secret = MagicMock()
    secret.return_value.access_secret_version.return_value.payload.data = b"{}"
    try:
        from google.auth import credentials

        def default(*_, **__):
            return credentials.AnonymousCredentials(), "project"

        stub("google.auth", "default", default)

        class Known(credentials.AnonymousCredentials):
            """Those of a file that is not there."""

            project_id, service_account_email = "project", "one@example.com"

            @classmethod
            def from_service_account_file(cls, *_, **__):
                return cls()

            def with_scopes(self, *_, **__):
                return self

            from_service_account_info = from_service_account_file
            with_subject = with_quota_project = with_scopes

        stub("google.auth._default", "default", default)
        stub("google.oauth2.service_account", "Credentials", Known)
    except ImportError:
        pass

    def variable(*_, **given):
        return MagicMock() if given.get("deserialize_json") else "1"

    stub("google.cloud.secretmanager", "SecretManagerServiceClient", secret)
    stub("google.cloud._http", "JSONConnection.api_request", lambda *_, **__: {})
    stub("googleapiclient.discovery", "build", MagicMock())
    stub("airflow.models", "Variable.get", variable)


class Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands in for packages that the application imports and nobody says how to install."""

    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in absent:
            return None
        replaced.add(top)
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        from unittest.mock import MagicMock

        def anything(name):
            if name[:2] == "__":
                raise AttributeError(name)
            return MagicMock()

        module = types.ModuleType(spec.name)
        module.__getattr__ = anything
        return module

    def exec_module(self, module):
        pass


socket.socket.connect = socket.create_connection = socket.getaddrinfo = blocked
subprocess.Popen.__init__ = os.system = blocked
stub_services()
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
