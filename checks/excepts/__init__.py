"""Handlers that hide what went wrong: bare (QW201), silent (QW202), unreported (QW203, QW204).

What it does
    QW201 finds `except:`. QW202 finds handlers for Exception or BaseException that neither log, nor
    report, nor raise, nor use the exception, and `contextlib.suppress(Exception)`. QW203, off
    unless `unreported = true`, finds those that log, but so that no event reaches Sentry. QW204
    finds `logger.error(f"... {e}")` without exc_info beside `capture_exception(e)`: two events for
    one failure. It is edited where the event that stays tells as much: tags, a level or a scope of
    the other one, or something else that is captured, leave it as it is.

Why is this bad?
    A handler that says nothing turns a failure into wrong data that nobody looks for. `except:`
    catches KeyboardInterrupt and SystemExit as well, so that the program cannot be stopped.

Example
    def status(player_id):
        try:
            return fetch_status(player_id)
        except:
            return None

Use instead
    def status(player_id):
        try:
            return fetch_status(player_id)
        except Exception as e:
            logger.exception(
                "status: fetch_status failed (player_id=%s): %s",
                player_id,
                e,
                extra={"context": {"operation": "status: fetch_status", "player_id": player_id}},
            )
            sentry_sdk.capture_exception(e)
            return None

What changes at run time
    The program goes on as before, and says what went wrong. How loudly follows from what the body
    of the `try` does, and from what becomes of its failure:

    | the body | next one tried, or reported | comment | another way | lost |
    |---|---|---|---|---|
    | asks for what may not be there | debug | debug | debug | debug |
    | works on values at hand | debug | debug | debug | debug |
    | works with files at hand | debug | debug | debug | warning |
    | runs other code | debug | debug | warning | error |
    | calls a service | debug | warning | warning | error |

    The rows; the first that fits counts:
    - It asks for what may not be there: the next item of a queue, a socket or an iterator, also by
      a function of the project; whether something is up, in a loop that waits for it, or by a GET
      that nothing but `return True` follows, or by a socket that is connected for that; a library
      that is imported for it alone; what the machine or the interpreter says of itself
      (`getpass.getuser()`); an attribute of what a function of the project gives that may give
      None; it waits for a while, and goes on or kills; it closes, removes, cancels or rolls back
      something, where that does not end the writing of an output; it answers for a function `is_…`,
      `has_…`, `…_exists`, for one that says True or False otherwise, or for a variable `is_…`; it
      writes a line of the log and does no more; the handler is for Ctrl-C too.
    - It calls a service: requests, httpx, aiohttp, urllib, Google's clients. Where a stored object
      or a table is read by its name, Google's NotFound is an answer, and is not logged.
    - It works on values at hand: converts, computes, looks up, by Python and parsers of the
      standard library, of others (`sqlglot.parse_one(text)`) or of the project, or whatever
      `.apply(load_shape)` does with each value of a column. Who gets None, or another default, can
      tell. Nobody can where one item of a loop is dropped, and the message names it, or where a
      text that was to be edited goes on as it was, or where a constant in the place of the value
      goes into a database: these are warnings. So is an answer that is no JSON, where its text is
      used instead (`rows = answer.text`) and not just logged, raised or returned.
    - It works with files at hand, or takes what a program of the machine says.
    - It runs other code: anything else. So does what closes a file that the function wrote, or
      moves it to its place: its failure loses the output.

    A warning or an error is made by a plain `apply` only where the failure is out of order whatever
    the data are. That is so where the body
    - calls a service, a database (`execute`, `query`, `commit`) or a program whose result is used,
      itself or through a function of the project that lets such a failure out, or awaits a task;
    - does something of which nobody takes a result (`store(rows)`), or writes or removes a file;
    - reads one file of many (`open(f"{team}.csv")`), or one that the function has asked for before;
    - gets something by what it is called, or all there is (`load(day)`, `load()`), or runs a
      function of the project that raises an error of its own or opens a file, and takes no part of
      what that gives;
    - computes, and a test of `len(values)` around leaves out what is too little;
    and where the handler ends the program, blames the server (500), tries again or keeps what
    failed as such. All else is *likely* only, which a plain `apply` leaves and `--likely` tells of
    as a warning at most: what looks something up (`page.find("h3")[0].text`), works on what it is
    given (`language(text)`, `parse_model(path)`, `json.loads(answer)` before something is done with
    it), reads a file that is always called the same, is awaited of an object of which nothing is
    known (`await page.evaluate(script)`), or is done in another way. So is a request whose answer
    nobody uses, a value that is printed or logged and no more, what a `while` does again after a
    pause, and an address out of the data in whose place a loop stores a default.

    Likely only is as well, whatever the body does, what may be as it should by what is around it:
    the function is called `try_…`, a comment above says `optional` or that some have none, the
    docstring says when the default is the answer, or of a service what its failure gives; the body
    asks for one thing by its name (`Team.objects.get(id=team_id)`, a record of the DNS, a key that
    the caller gives), makes what may be there already, or removes what may be gone
    (`client.create_topic(name)` and `pass`), needs what may not be installed (a program whose
    answer is taken, a library that is imported right there), does what is done right above without
    a handler, is given each line of a file, formats what may be None, or calls what the caller
    gives; a loop looks at the clock and asks again, keeps the items which can do something, sends
    to each of many, or reads from what another method of the object closes; the next item of a
    queue is one thing of several; the body, or the method around, ends something; a failure makes a
    flag true, or leaves it false that the body only asks for; it is a step of a migration, or a
    module asks for its own `__version__`; a function that is called logs an error and another one
    raises for what it did not give; nothing may be told of the text that goes on as it was, or of
    the constant that is stored in the place of a value. A comment at the handler decides.

    The columns; the first that fits counts:
    - A loop tries one candidate after the other, until one works; or what is called logs its
      failure and raises it, or the lines below raise, warn or tell the user of what is missing; or
      the handler around has told of its exception, and only adds details of that.
    - A comment at the handler says why it may fail, or the handler says so in a sentence of its
      own, which the caller gets: `warnings.append("Cannot compare, too few days.")`, or answers a
      web request with a status of 400 to 499. One of 500 tells nobody who runs the program.
    - The same is done in another way, was found elsewhere before, is tried again, or made of the
      same by hand; the docstring says that errors are ignored, or what a failure gives (`None if
      the file cannot be parsed`, an empty list, a field of a record; of a service that is lost all
      the same); what was read stays as it was, or is a piece of a text, of which not each converts;
      what failed is kept as such: in a list that is warned of, in a record like that of a success
      with another `status`, in an answer with the key `error`, in a field that names an error, or
      by a text in the place of one that is put together (`"N/A"`).
    - Data is dropped or replaced.

    An error is logged with its traceback, and is sent as an event where Sentry is started in the
    units and scripts that load the file, or its package reports already; the log alone is written
    where handlers of the project log errors and none captures any, as Sentry sends those lines.
    Blocks of one function that call the same and go on alike get one level: what one of them logs
    at already, or else a warning where they differ. What would be an error is as loud as a step
    beside it that goes on alike and logs, or as the handler that it is tried in, or as that of all
    that it is a part of, though a warning where one of these two logs at info.

    The message names the function, the one or two calls that it is about, or the conversion, and
    the two most telling values. Where a key is read or values are added beside a parser, that is
    not blamed, and the function alone is named. Told are dates, numbers, paths and identifiers by
    type, name or use, of loops, arguments and locals; never a mapping, a body, a text, a
    credential, what names a person or a query. `extra` holds up to four where that is shown: of an
    event in Sentry, and by a structured formatter.

    Where ruff checks a file by G201 or TRY401, as the project has it, `logger.exception` stands for
    `exc_info=True`, and the exception is left to the traceback; what would be printed under T201 is
    left by hand.

    A file that only prints goes on printing, to stderr, and says nothing of what is debug; nor does
    one whose logger, of the project's own, knows no such level. A
    function of the project's own that the file logs with is told the level where it takes one.
    KeyboardInterrupt and SystemExit pass through a handler that was bare; one that raises the same
    exception on becomes `except BaseException:` and catches as much as before.

Fix safety
    `except:` also catches what is no Exception. Where that may come from a cancelled task that is
    awaited, or from a timeout of gevent, eventlet or func_timeout, it stays caught: `except
    (asyncio.CancelledError, Exception)`.

    Unsafe: a `try` that may exit, any number of calls away, a `yield`, where a generator is closed,
    Rust code that may panic, a wait that Ctrl-C ends, a handler that raises on some paths only,
    `except Exception` around an import, `__del__`, logging's own handlers, functions that are given
    log records, or that run each time something is logged, some calls away, `write` and `flush` of
    streams, modules that stand in for sys.stdout or say that they redact what exceptions tell,
    functions named `mask_…` or `redact_…`. By hand: a bare handler that ruff, as the project has
    it, would find by BLE001 once it names Exception. Sentry sends the local variables of the frames
    by default: where they hold secrets, `sentry_sdk.init(include_local_variables=False)`.

Settings
    [tool.qw-codemod.excepts]
    sentry = "auto"           # where Sentry is started; "unexpected": of errors wherever that is;
                              # "always": of warnings, too; "never": log alone
    narrow = false            # true: `except (ValueError, TypeError) as e:` where all is known
    on_swallow = "continue"   # "raise": raise on after the report
    unreported = false        # true: QW203 as well
"""

from __future__ import annotations

import re

from qw_codemod.rules.api import Check, Lazy

SETTINGS = {
    "sentry": ("auto", "unexpected", "always", "never"),
    "narrow": "flag",
    "on_swallow": ("continue", "raise"),
    "unreported": "flag",
}
_FIND = f"{__name__}.find"
# Each begins with letters, for which `re` looks first: twice as quick as `\b` in front of them.
_BARE = re.compile(rb"except(?<!\wexcept)[ \t\f]*(?:\\\r?\n[ \t\f]*)*:")
_CLASSES = (
    re.compile(rb"Exception(?<!\wException)\b"),
    re.compile(rb"BaseException(?<!\wBaseException)\b"),
)
CHECKS = (
    Check(
        "QW201",
        "bare-except",
        "A handler names no exception.",
        Lazy(_FIND, "bare"),
        (_BARE,),
        assess=Lazy(f"{__name__}.assess", "assess"),
        plan=Lazy(f"{__name__}.plan", "plan"),
    ),
    Check(
        "QW202",
        "silent-except",
        "A broad handler says nothing.",
        Lazy(_FIND, "silent"),
        _CLASSES,
        assess=Lazy(f"{__name__}.assess", "assess"),
        plan=Lazy(f"{__name__}.plan", "plan"),
    ),
    Check(
        "QW203",
        "unreported-exception",
        "A broad handler logs, and Sentry never hears of it.",
        Lazy(_FIND, "unreported"),
        _CLASSES,
        assess=Lazy(f"{__name__}.assess", "assess"),
        plan=Lazy(f"{__name__}.plan", "plan"),
    ),
    Check(
        "QW204",
        "double-report",
        "One failure is sent to Sentry twice.",
        Lazy(f"{__name__}.double_report", "double_reports"),
        (b"capture", b"report_exc_info"),
        assess=Lazy(f"{__name__}.double_report", "assess_double"),
        plan=Lazy(f"{__name__}.double_report", "plan_double"),
    ),
)
