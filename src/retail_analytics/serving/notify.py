"""Sending the messages of the published outbox: by e-mail, to a chat, to any web address.

Whether a message was sent cannot stand in the published file, which is only read. It stands in a
journal beside it. A message is noted as `sending` before it leaves and as `sent` after: one whose
sender was killed in between may have arrived and is not sent again unless somebody says so. What an
address refused is `failed` and is tried again by the next call.
"""

import json
import smtplib
import sqlite3
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import duckdb

JOURNAL = "notifications.sqlite"
TIMEOUT_SECONDS = 10


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


Channel = Callable[[Message], None]


@dataclass(frozen=True)
class Outcome:
    """What became of a message on a channel: sent, failed, waiting (dry run) or unsure."""

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
    return [
        Message(message_id, event, severity, sentence(json.loads(payload)), json.loads(payload))
        for message_id, event, severity, payload in rows
    ]


def sentence(alert: dict) -> str:
    """An alert in a sentence."""
    slice_ = "" if alert["dimension"] == "all" else f" ({alert['dimension']} {alert['entity']})"
    if alert["event"] == "closed":
        return f"Over since {alert['last_seen_on']}: {alert['metric']}{slice_}"
    if alert["rule"] == "input_stopped":
        return (
            f"The input {alert['entity']} has had no rows for {alert['observed']:.0f} days; "
            f"{alert['expected']:.0f} were the most in a year"
        )
    money = "" if alert["money"] is None else f", worth {alert['money']:,.0f}"
    return (
        f"{alert['metric']}{slice_} is {alert['direction']} what was expected: "
        f"{alert['observed']:,.4g} instead of {alert['expected']:,.4g} since {alert['opened_on']} "
        f"(severity {alert['severity']} of 10{money})"
    )


def email(server: EmailServer) -> Channel:
    """A channel that sends one e-mail per message over SMTP."""

    def send(message: Message) -> None:
        mail = EmailMessage()
        mail["Subject"] = f"[{message.event}] {message.text[:150]}"
        mail["From"], mail["To"] = server.sender, ", ".join(server.receivers)
        # the same id in every attempt: mail programs show one
        mail["Message-ID"] = f"<{abs(hash_of(message.message_id))}@retail-analytics>"
        mail.set_content(message.text + "\n\n" + json.dumps(message.payload, indent=2))
        with smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS) as smtp:
            if server.uses_tls:
                smtp.starttls(context=ssl.create_default_context())
            if server.user:
                smtp.login(server.user, server.password)
            smtp.send_message(mail)

    return send


def hash_of(text: str) -> int:
    """A number of a text that is the same in every process."""
    return int.from_bytes(text.encode(), "big") % (2**61 - 1)


def slack(address: str) -> Channel:
    """A channel that posts `{"text": ...}`, as Slack and those like it take it."""
    return lambda message: post(address, {"text": message.text}, message.message_id)


def webhook(address: str) -> Channel:
    """A channel that posts the whole alert with its sentence."""

    def send(message: Message) -> None:
        body = {"message_id": message.message_id, "text": message.text, **message.payload}
        post(address, body, message.message_id)

    return send


def post(address: str, body: dict, message_id: str) -> None:
    """Posts JSON; raises OSError unless the answer is of the 200s."""
    if not address.startswith(("http://", "https://")):
        raise ValueError("a web address begins with http:// or https://")
    request = urllib.request.Request(  # noqa: S310
        address,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Idempotency-Key": message_id},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
        answer.read()


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
        send(message)
    except (OSError, smtplib.SMTPException) as error:
        # the reason without the address, which may hold a secret
        reason = str(error).splitlines()[0] if str(error) else ""
        detail = f"{type(error).__name__}: {reason}"
        note(known, message.message_id, name, "failed", detail)
        return Outcome(message.message_id, name, "failed", detail)
    note(known, message.message_id, name, "sent")
    return Outcome(message.message_id, name, "sent")


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
