"""Sending the messages of the published outbox: by e-mail, to a chat, to any web address.

Whether a message was sent cannot stand in the published file, which is only read. It stands in a
journal beside it. A message is noted as `sending` before it leaves and as `sent` after: one whose
sender was killed in between may have arrived and is not sent again unless somebody says so; the
same holds for one that an address took without an answer. What an address refused is `failed`
and is tried again by the next call. A redirect is a refusal: followed, a post loses its message.
"""

import html
import http.client
import json
import queue
import smtplib
import sqlite3
import ssl
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import duckdb

from retail_analytics.monitoring.findings import printed, where

JOURNAL = "notifications.sqlite"
# for each step of a conversation with a server, and for all of them
TIMEOUT_SECONDS = 10
WHOLE_SECONDS = 60


@dataclass(frozen=True)
class Message:
    """One row of the outbox; `text` is the alert in a sentence."""

    message_id: str
    event: str
    severity: int
    text: str
    payload: dict


@dataclass(frozen=True)
class EmailServer:
    """Where e-mail goes out: `host`, `port`, sender and receivers; a password only with TLS."""

    host: str
    port: int
    sender: str
    receivers: tuple[str, ...]
    user: str = ""
    password: str = ""
    uses_tls: bool = True


# sends a message; what there is to be said of it though it was sent
Channel = Callable[[Message], str | None]


class UnsureError(Exception):
    """A message left and no answer came: it may have arrived."""


@dataclass(frozen=True)
class Outcome:
    """What became of a message on a channel: sent, failed, waiting (dry run) or
    unsure (it may have arrived)."""

    message_id: str
    channel: str
    state: str
    detail: str = ""


def read_outbox(published: Path) -> list[Message]:
    """Messages of the published file, those of most weight first. Raises RuntimeError without."""
    if not published.exists():
        raise RuntimeError(f"{published}: nothing is published yet; run `make build`")
    with duckdb.connect(str(published), read_only=True) as con:
        rows = con.execute(
            "select message_id, event, severity, payload from marts.alert_outbox "
            "order by severity desc, due_on, message_id"
        ).fetchall()
        (currency,) = con.execute("select max(currency) from quality.meta").fetchone()
    messages = []
    for message_id, event, severity, payload in rows:
        alert = json.loads(payload)
        if alert.get("unit") == "currency":
            alert["unit"] = currency or ""
        alert["currency"] = currency
        messages.append(Message(message_id, event, severity, sentence(alert), alert))
    return messages


def sentence(alert: dict) -> str:
    """An alert in a sentence, which is one line whatever the names in it hold."""
    return " ".join(_sentence(alert).split())


def _sentence(alert: dict) -> str:
    # a file of an older version has no labels and units
    label = alert.get("label") or alert["metric"]
    label = label[:1].upper() + label[1:] + where(alert["dimension"], alert["entity"])
    if alert["rule"] == "input_stopped" and alert["event"] == "closed":
        return f"Over since {alert['last_seen_on']}: the input {alert['entity']} had stopped"
    if alert["event"] == "closed":
        return f"Over since {alert['last_seen_on']}: {label} {alert['direction']} what was expected"
    if alert["rule"] == "input_stopped":
        return (
            f"The input {alert['entity']} has had no rows for {alert['observed']:.0f} days; "
            f"{alert['expected']:.0f} were the most in a year"
        )
    unit = alert.get("unit") or ""
    observed = printed(alert["observed"], unit, has_unit=False)
    expected = printed(alert["expected"], unit)
    money = alert["money"]
    worth = f"{money:,.0f} {alert.get('currency') or ''}".rstrip() if money is not None else ""
    return (
        f"{label} {alert['direction']} what was expected since {alert['opened_on']}: {observed} "
        f"instead of {expected} (severity {alert['severity']} of 10"
        + (f", about {worth})" if worth else ")")
    )


class MailSender(smtplib.SMTP):
    """Takes a mail without an answer for one that may have arrived."""

    def data(self, msg: bytes | str) -> tuple[int, bytes]:
        try:
            return super().data(msg)
        except smtplib.SMTPResponseException:
            raise
        except OSError as error:
            raise UnsureError(type(error).__name__) from error

    def __exit__(self, *error: object) -> None:
        # whatever a server answers to a goodbye, it has the mail
        with suppress(smtplib.SMTPException):
            super().__exit__(*error)


def email(server: EmailServer) -> Channel:
    """A channel that sends one e-mail per message over SMTP. Raises ValueError for a server or
    addresses that no mail can go to."""
    if server.user and not server.uses_tls:
        raise ValueError("a password is not sent without encryption: leave out --no-tls")
    if not (server.user + server.password).isascii():
        raise ValueError("user and password of a mail server are plain ASCII")
    if not 0 < server.port < 2**16:
        raise ValueError(f"{server.port} is no port of a mail server")

    def addressed() -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"] = server.sender, ", ".join(server.receivers)
        return mail

    # before any message counts as on its way
    addressed()

    def send(message: Message) -> str | None:
        mail = addressed()
        mail["Subject"] = f"[{message.event}] {message.text[:150]}"
        # the same id in every attempt: mail programs show one
        mail["Message-ID"] = f"<{abs(hash_of(message.message_id))}@retail-analytics>"
        mail.set_content(message.text + "\n\n" + json.dumps(message.payload, indent=2))
        with MailSender(server.host, server.port, timeout=TIMEOUT_SECONDS) as smtp:
            if server.uses_tls:
                smtp.starttls(context=ssl.create_default_context())
            if server.user:
                smtp.login(server.user, server.password)
            refused = smtp.send_message(mail)
        # sent again it would reach the others twice
        return f"refused for {', '.join(sorted(refused))}" if refused else None

    return send


def hash_of(text: str) -> int:
    """A number of a text that is the same in every process."""
    return int.from_bytes(text.encode(), "big") % (2**61 - 1)


def slack(address: str) -> Channel:
    """A channel that posts `{"text": ...}`, as Slack and others take it: `<`, `>` and `&` are
    escaped, so that no name calls everybody or becomes a link."""
    checked(address)
    return lambda message: post(
        address, {"text": html.escape(message.text, quote=False)}, message.message_id
    )


def webhook(address: str) -> Channel:
    """A channel that posts the whole alert with its sentence."""
    checked(address)

    def send(message: Message) -> None:
        body = {"message_id": message.message_id, "text": message.text, **message.payload}
        post(address, body, message.message_id)

    return send


def checked(address: str) -> None:
    """Raises ValueError, without the address, for what is no web address."""
    try:
        parts = urllib.parse.urlsplit(address)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_web = False
    if not (is_web and address.isascii() and address.isprintable() and " " not in address):
        raise ValueError("a web address begins with http:// or https:// and holds no blanks")


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for the refusal that it is to a post."""

    def redirect_request(self, *_: object) -> None:
        return None


def post(address: str, body: dict, message_id: str) -> None:
    """Posts JSON; raises OSError unless the answer is of the 200s, UnsureError where none came."""
    request = urllib.request.Request(  # noqa: S310
        address,
        data=json.dumps(body).encode(),
        headers={
            "Content-Type": "application/json",
            # a header is one line of ASCII; names in an id need not be
            "Idempotency-Key": urllib.parse.quote(message_id, safe=":"),
        },
        method="POST",
    )
    try:
        urllib.request.build_opener(NoRedirects).open(request, timeout=TIMEOUT_SECONDS).close()
    except urllib.error.URLError:
        # refused, or never left
        raise
    except (OSError, http.client.HTTPException) as error:
        raise UnsureError(type(error).__name__) from error


def notify(
    messages: list[Message],
    channels: dict[str, Channel],
    journal: Path,
    *,
    is_dry_run: bool = True,
    with_unsure: bool = False,
) -> list[Outcome]:
    """Sends what was not sent yet to every channel.

    Parameters
    ----------
    messages, channels: what is to be sent, and to where by name.
    journal: SQLite file of what was sent; made where it is not there. A dry run only reads it.
    with_unsure: send again what a killed sender left as `sending`.

    Returns
    -------
    One outcome per message and channel that was not sent before.
    """
    outcomes = []
    with opened(journal, is_dry_run=is_dry_run) as known:
        for message in messages:
            for name, send in channels.items():
                state = state_of(known, message.message_id, name)
                if state == "sent":
                    continue
                if state == "sending" and not with_unsure:
                    outcomes.append(Outcome(message.message_id, name, "unsure"))
                elif is_dry_run:
                    outcomes.append(Outcome(message.message_id, name, "waiting"))
                elif claim(known, message.message_id, name, with_unsure=with_unsure):
                    outcomes.append(sent_or_failed(known, message, name, send))
    return outcomes


def sent_or_failed(
    known: sqlite3.Connection, message: Message, name: str, send: Channel
) -> Outcome:
    try:
        remark = within(WHOLE_SECONDS, lambda: send(message))
    except UnsureError as error:
        return Outcome(message.message_id, name, "unsure", f"no answer: {error}")
    except (OSError, smtplib.SMTPException) as error:
        # the reason without the address, which may hold a secret
        reason = str(error).splitlines()[0] if str(error) else ""
        detail = f"{type(error).__name__}: {reason}"
        note(known, message.message_id, name, "failed", detail)
        return Outcome(message.message_id, name, "failed", detail)
    note(known, message.message_id, name, "sent", remark)
    return Outcome(message.message_id, name, "sent", remark or "")


def within(seconds: float, call: Callable[[], str | None]) -> str | None:
    """What it returns or raises; UnsureError where it takes longer.

    A server that answers a byte at a time never lets a step time out. Nothing stops the thread that
    listens to it: it ends with the server or with the process.
    """
    ended: queue.SimpleQueue[tuple[str | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            ended.put((call(), None))
        except BaseException as error:
            # raised below, where somebody waits for it
            ended.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = ended.get(timeout=seconds)
    except queue.Empty:
        raise UnsureError(f"still answering after {seconds:.0f} seconds") from None
    if error is not None:
        raise error
    return result


@contextmanager
def opened(journal: Path, *, is_dry_run: bool) -> Iterator[sqlite3.Connection]:
    """The journal; of a dry run that finds none, an empty one in memory."""
    if is_dry_run and not journal.exists():
        con = sqlite3.connect(":memory:", isolation_level=None)
    else:
        con = sqlite3.connect(journal, timeout=30, isolation_level=None)
    try:
        con.execute(
            "create table if not exists notifications (message_id text, channel text, "
            "state text not null check (state in ('sending', 'sent', 'failed')), "
            "attempt_count integer not null, detail text, primary key (message_id, channel))"
        )
        yield con
    finally:
        con.close()


def state_of(con: sqlite3.Connection, message_id: str, channel: str) -> str | None:
    row = con.execute(
        "select state from notifications where message_id = ? and channel = ?",
        [message_id, channel],
    ).fetchone()
    return row[0] if row else None


def claim(con: sqlite3.Connection, message_id: str, channel: str, *, with_unsure: bool) -> bool:
    """Notes that a message is on its way; False where another sender was first."""
    free = "('failed', 'sending')" if with_unsure else "('failed')"
    changed = con.execute(
        "insert into notifications values (?, ?, 'sending', 1, null) "
        "on conflict (message_id, channel) do update "
        "set state = 'sending', attempt_count = attempt_count + 1 "
        f"where state in {free}",
        [message_id, channel],
    )
    return changed.rowcount == 1


def note(
    con: sqlite3.Connection, message_id: str, channel: str, state: str, detail: str | None = None
) -> None:
    con.execute(
        "update notifications set state = ?, detail = ? where message_id = ? and channel = ?",
        [state, detail, message_id, channel],
    )
