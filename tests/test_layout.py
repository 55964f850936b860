"""Promises about the source itself, that no linter keeps."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

import tessera

ROOT = Path(tessera.__file__).parent
SOURCES = {str(path.relative_to(ROOT)): path.read_text() for path in sorted(ROOT.rglob("*.py"))}
OURS = {name: text for name, text in SOURCES.items() if not name.startswith("migrations")}

IMPORTS = (ast.Import, ast.ImportFrom)
PUBLIC = {
    "tessera": [
        "Ask",
        "Issued",
        "Kind",
        "Limit",
        "Policy",
        "Principal",
        "Purpose",
        "Terms",
        "TesseraError",
        "issue",
        "redeem",
        "replace",
        "revoke",
        "sign",
        "verify",
    ],
    "tessera.drf": ["Endpoint", "HasScope", "TokenAuthentication"],
    "tessera.plain": ["TokenMiddleware", "token_required"],
    "tessera.dialects.authtoken": [
        "AuthTokenSerializer",
        "ObtainAuthToken",
        "Token",
        "TokenAuthentication",
        "obtain_auth_token",
    ],
    "tessera.dialects.knox": [
        "AuthToken",
        "LoginView",
        "LogoutAllView",
        "LogoutView",
        "TokenAuthentication",
        "UserSerializer",
        "get_token_model",
        "knox_settings",
        "token_expired",
    ],
    "tessera.dialects.simplejwt": [
        "AccessToken",
        "JWTAuthentication",
        "JWTStatelessUserAuthentication",
        "RefreshToken",
        "SlidingToken",
    ],
}


def where(pattern):
    """Which files have it, and how often."""
    found = {name: len(re.findall(pattern, text)) for name, text in SOURCES.items()}
    return {name: count for name, count in found.items() if count}


def test_only_the_clock_asks_the_time():
    asks = r"\b(?:datetime|timezone|date)\.(?:now|utcnow|today|localdate)\b|\b(?:import|from) time\b"

    # The second has a stopwatch, which says how long and not when.
    assert where(asks) == {"clock.py": 1, "engine/pruning.py": 1}


def test_a_sites_settings_are_read_in_one_place():
    assert where(r"getattr\(\s*(?:django_)?settings\b") == {"conf.py": 1}


def test_what_is_marked_for_crash_reports_is_marked_whole():
    # A name that is marked misses the next name that somebody gives the same secret, here or further down.
    assert where(r"sensitive_variables\([^)]") == {}


@pytest.mark.parametrize("package", PUBLIC)
def test_the_public_names_are_these(package):
    module = importlib.import_module(package)

    assert sorted(module._HOME) == PUBLIC[package]


@pytest.mark.parametrize("package", PUBLIC)
def test_what_a_type_checker_is_told_is_what_is_there(package):
    told = {
        alias.asname: node.module
        for node in ast.walk(ast.parse(inspect.getsource(importlib.import_module(package))))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }

    assert told == importlib.import_module(package)._HOME


@pytest.mark.parametrize("package", PUBLIC)
def test_another_name_is_not_there(package):
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        importlib.import_module(package).nonsense  # noqa: B018


def test_what_is_imported_by_a_star_is_what_is_public():
    assert sorted(tessera.__all__) == sorted([*PUBLIC["tessera"], "__version__"])


def undocumented(tree, inside=""):
    """The public classes, functions and methods of a module that say nothing of themselves."""
    for node in tree.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        is_overload = "overload" in map(ast.unparse, node.decorator_list)
        if ast.get_docstring(node) is None and node.name != "Meta" and not is_overload:
            yield f"{inside}{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from undocumented(node, f"{inside}{node.name}.")


@pytest.mark.parametrize("name", OURS)
def test_what_is_public_says_what_it_is_for(name):
    tree = ast.parse(OURS[name])

    assert list(undocumented(tree)) == []
    assert ast.get_docstring(tree) or not tree.body


@pytest.mark.parametrize("name", sorted(OURS.keys() - {"apps.py"}))
def test_nothing_is_imported_inside_a_function(name):
    functions = [node for node in ast.walk(ast.parse(OURS[name])) if isinstance(node, ast.FunctionDef)]

    imports = [each.lineno for node in functions for each in ast.walk(node) if isinstance(each, IMPORTS)]

    assert imports == []


@pytest.mark.parametrize("name", OURS)
def test_no_setting_is_frozen_by_an_import(name):
    tree = ast.parse(OURS[name])

    asked = [call.lineno for call in calls_on_import(tree) if ast.unparse(call.func).endswith(("current", "peppers"))]

    assert asked == []


def calls_on_import(node):
    """The calls that run when a module is imported: not those in the body of a function, but those in its defaults."""
    if isinstance(node, ast.Call):
        yield node
    later = getattr(node, "body", []) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) else []
    for child in ast.iter_child_nodes(node):
        if child is not later and child not in (later if isinstance(later, list) else []):
            yield from calls_on_import(child)
