"""Messages arrive once: by e-mail, in a chat, at a web address, however often they are sent."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

import duckdb
import pytest

from retail_analytics.cli import main
from retail_analytics.serving.notify import (
    EmailServer,
    Message,
    email,
    notify,
    read_outbox,
    sentence,
    slack,
    webhook,
)

ALERT = {
    "alert_id": "unusual:order_count:all:all:below:2024-05-01",
    "event": "opened",
    "rule": "unusual",
    "metric": "order_count",
    "label": "orders",
    "unit": "orders",
    "currency": "EUR",
    "dimension": "all",
    "entity": "all",
    "direction": "below",
    "is_better": False,
    "severity": 7,
    "observed": 3.0,
    "expected": 41.0,
    "money": -1900.0,
    "opened_on": "2024-05-01",
    "last_seen_on": "2024-05-02",
}
MESSAGES = [
    Message(f"{ALERT['alert_id']}:{number}", "opened", 7, sentence(ALERT), ALERT)
    for number in range(3)
]


class Receiver(ThreadingHTTPServer):
    """A web server that keeps what it is sent, and refuses as often as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: list[dict] = []
        self.keys: list[str] = []
        self.refusals = 0
        self.moved_to = ""
        self.is_silent = False
        self.drips = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.moved_to:
            self.send_response(302)
            self.send_header("Location", self.server.moved_to)
            self.end_headers()
            return
        if self.server.refusals > 0:
            self.server.refusals -= 1
            self.send_error(503)
            return
        self.server.bodies.append(json.loads(body))
        self.server.keys.append(self.headers["Idempotency-Key"])
        if self.server.is_silent:
            return
        while self.server.drips:
            self.wfile.write(b"HTTP/1.1 200 ")
            time.sleep(0.05)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class MailHandler(StreamRequestHandler):
    """As much of SMTP as a message needs; the server says what is answered to which word, nothing
    where that is empty."""

    def handle(self) -> None:
        answers: dict[bytes, bytes] = self.server.answers  # type: ignore[attr-defined]
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line.split()[0].upper()
            said = [answers[start] for start in answers if line.upper().startswith(start.upper())]
            answer = said[0] if said else None
            if answer is not None:
                self.wfile.write(answer)
                if not answer or word == b"QUIT":
                    return
                continue
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                text = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    text += part
                self.server.mails.append(text.decode())  # type: ignore[attr-defined]
                if b"." in answers:
                    self.wfile.write(answers[b"."])
                    return
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def mail_server() -> Iterator[ThreadingTCPServer]:
    with ThreadingTCPServer(("127.0.0.1", 0), MailHandler) as server:
        server.mails = []  # type: ignore[attr-defined]
        server.answers = {}  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_each_message_is_sent_once_to_each_channel(receiver: Receiver, tmp_path: Path) -> None:
    channels = {"slack": slack(receiver.address), "webhook": webhook(receiver.address)}
    journal = tmp_path / "journal"
    first = notify(MESSAGES, channels, journal, is_dry_run=False)
    assert [outcome.state for outcome in first] == ["sent"] * 6
    assert notify(MESSAGES, channels, journal, is_dry_run=False) == []
    assert len(receiver.bodies) == 6
    assert {"text": MESSAGES[0].text} in receiver.bodies
    assert {"message_id": MESSAGES[1].message_id, "text": MESSAGES[1].text, **ALERT} in (
        receiver.bodies
    )
    assert receiver.keys.count(MESSAGES[2].message_id) == 2


def test_what_was_refused_is_tried_again(receiver: Receiver, tmp_path: Path) -> None:
    receiver.refusals = 2
    channels = {"webhook": webhook(receiver.address)}
    journal = tmp_path / "journal"
    first = notify(MESSAGES, channels, journal, is_dry_run=False)
    assert [outcome.state for outcome in first] == ["failed", "failed", "sent"]
    assert "503" in first[0].detail
    second = notify(MESSAGES, channels, journal, is_dry_run=False)
    assert [outcome.state for outcome in second] == ["sent", "sent"]
    assert sorted(receiver.keys) == [message.message_id for message in MESSAGES]


def test_a_killed_sender_leaves_a_message_that_is_not_sent_twice(
    receiver: Receiver, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"

    def dies(_: Message) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        notify(MESSAGES[:1], {"webhook": dies}, journal, is_dry_run=False)
    channels = {"webhook": webhook(receiver.address)}
    again = notify(MESSAGES[:1], channels, journal, is_dry_run=False)
    assert [outcome.state for outcome in again] == ["unsure"]
    assert receiver.bodies == []
    wanted = notify(MESSAGES[:1], channels, journal, is_dry_run=False, with_unsure=True)
    assert [outcome.state for outcome in wanted] == ["sent"]
    assert len(receiver.bodies) == 1


def test_two_senders_at_once_send_one(receiver: Receiver, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    many = [Message(f"m{number}", "opened", 5, "text", ALERT) for number in range(20)]
    channels = {"webhook": webhook(receiver.address)}

    def send() -> None:
        notify(many, channels, journal, is_dry_run=False)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receiver.keys) == sorted(message.message_id for message in many)


def test_a_dry_run_sends_and_writes_nothing(receiver: Receiver, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    found = notify(MESSAGES, {"webhook": webhook(receiver.address)}, journal)
    assert [outcome.state for outcome in found] == ["waiting"] * 3
    assert receiver.bodies == []
    assert not journal.exists()


def test_mail_arrives(mail_server: ThreadingTCPServer, tmp_path: Path) -> None:
    host, port = mail_server.server_address
    server = EmailServer(str(host), port, "shop@example.com", ("a@example.com",), uses_tls=False)
    journal = tmp_path / "journal"
    notify(MESSAGES[:1], {"email": email(server)}, journal, is_dry_run=False)
    notify(MESSAGES[:1], {"email": email(server)}, journal, is_dry_run=False)
    (mail,) = mail_server.mails  # type: ignore[attr-defined]
    assert "To: a@example.com" in mail
    assert "3 instead of 41" in mail.replace("=\r\n", "")


def mail_to(server: ThreadingTCPServer, *receivers: str) -> dict:
    host, port = server.server_address
    sender = EmailServer(str(host), int(port), "shop@example.com", receivers, uses_tls=False)
    return {"email": email(sender)}


def test_a_mail_that_was_never_answered_is_not_sent_twice(
    mail_server: ThreadingTCPServer, tmp_path: Path
) -> None:
    channels = mail_to(mail_server, "owner@example.com")
    mail_server.answers = {b".": b""}  # type: ignore[attr-defined]
    for _ in range(2):
        outcomes = notify(MESSAGES[:1], channels, tmp_path / "journal", is_dry_run=False)
        assert [outcome.state for outcome in outcomes] == ["unsure"]
    assert len(mail_server.mails) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("word", [b"ehlo", b"mail", b"rcpt", b"data", b"."])
def test_a_mail_that_a_server_refuses_is_tried_again(
    mail_server: ThreadingTCPServer, tmp_path: Path, word: bytes
) -> None:
    channels = mail_to(mail_server, "owner@example.com")
    mail_server.answers = {word: b"451 later\r\n"}  # type: ignore[attr-defined]
    if word == b"ehlo":
        mail_server.answers = {b"ehlo": b""}  # type: ignore[attr-defined]
    states = []
    for _ in range(3):
        outcomes = notify(MESSAGES[:1], channels, tmp_path / "journal", is_dry_run=False)
        states += [outcome.state for outcome in outcomes]
        mail_server.answers = {}  # type: ignore[attr-defined]
    assert states == ["failed", "sent"]


def test_a_mail_that_was_taken_is_sent_whatever_comes_after(
    mail_server: ThreadingTCPServer, tmp_path: Path
) -> None:
    """A server may refuse the goodbye, and one of two receivers."""
    channels = mail_to(mail_server, "owner@example.com", "nobody@example.com")
    mail_server.answers = {  # type: ignore[attr-defined]
        b"QUIT": b"421 overloaded\r\n",
        b"rcpt TO:<nobody@": b"550 unknown\r\n",
    }
    outcomes = notify(MESSAGES[:1], channels, tmp_path / "journal", is_dry_run=False)
    assert [(outcome.state, outcome.detail) for outcome in outcomes] == [
        ("sent", "refused for nobody@example.com")
    ]
    assert notify(MESSAGES[:1], channels, tmp_path / "journal", is_dry_run=False) == []
    assert len(mail_server.mails) == 1  # type: ignore[attr-defined]


def test_a_channel_that_fails_does_not_hold_up_the_other(
    receiver: Receiver, mail_server: ThreadingTCPServer, tmp_path: Path
) -> None:
    channels = {"webhook": webhook(receiver.address), **mail_to(mail_server, "owner@example.com")}
    receiver.refusals = len(MESSAGES)
    states = [
        {
            (outcome.channel, outcome.state)
            for outcome in notify(MESSAGES, channels, tmp_path / "journal", is_dry_run=False)
        }
        for _ in range(3)
    ]
    assert states == [{("webhook", "failed"), ("email", "sent")}, {("webhook", "sent")}, set()]
    assert len(mail_server.mails) == len(receiver.bodies) == 3  # type: ignore[attr-defined]


def test_a_server_that_is_not_there_is_a_failure_without_its_address(tmp_path: Path) -> None:
    channels = {"webhook": webhook("http://127.0.0.1:9/secret-token")}
    (outcome,) = notify(MESSAGES[:1], channels, tmp_path / "journal", is_dry_run=False)
    assert outcome.state == "failed"
    with sqlite3.connect(tmp_path / "journal") as con:
        assert "secret-token" not in str(con.execute("select * from notifications").fetchall())


def test_a_redirect_is_a_refusal_and_not_followed(receiver: Receiver, tmp_path: Path) -> None:
    receiver.moved_to = receiver.address + "/elsewhere"
    channels = {"webhook": webhook(receiver.address)}
    (outcome,) = notify(MESSAGES[:1], channels, tmp_path / "journal", is_dry_run=False)
    assert (outcome.state, receiver.bodies) == ("failed", [])
    assert "302" in outcome.detail


def test_what_left_and_was_never_answered_is_not_sent_twice(
    receiver: Receiver, tmp_path: Path
) -> None:
    receiver.is_silent = True
    channels = {"webhook": webhook(receiver.address)}
    for _ in range(2):
        (outcome,) = notify(MESSAGES[:1], channels, tmp_path / "journal", is_dry_run=False)
        assert outcome.state == "unsure"
    assert len(receiver.bodies) == 1


def test_a_server_that_never_ends_its_answer_holds_nobody(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retail_analytics.serving.notify.WHOLE_SECONDS", 0.5)
    receiver.drips = True
    channels = {"webhook": webhook(receiver.address)}
    for _ in range(2):
        (outcome,) = notify(MESSAGES[:1], channels, tmp_path / "journal", is_dry_run=False)
        assert outcome.state == "unsure"
    receiver.drips = False
    assert len(receiver.bodies) == 1


def test_names_are_no_headers_and_call_nobody(
    receiver: Receiver, mail_server: ThreadingTCPServer, tmp_path: Path
) -> None:
    name = "Łódź\r\nBcc: thief@example.com <!channel> & more"
    alert = {**ALERT, "dimension": "channel", "entity": name}
    message = Message(f"unusual:{name}:opened", "opened", 7, sentence(alert), alert)
    host, port = mail_server.server_address
    server = EmailServer(str(host), port, "shop@example.com", ("a@example.com",), uses_tls=False)
    channels = {
        "email": email(server),
        "slack": slack(receiver.address),
        "webhook": webhook(receiver.address),
    }
    found = notify([message], channels, tmp_path / "journal", is_dry_run=False)
    assert [outcome.state for outcome in found] == ["sent"] * 3
    (mail,) = mail_server.mails  # type: ignore[attr-defined]
    headers = mail.split("\r\n\r\n")[0]
    assert not any(line.startswith("Bcc") for line in headers.splitlines())
    assert "Łódź Bcc: thief@example.com &lt;!channel&gt; &amp; more" in receiver.bodies[0]["text"]
    assert receiver.bodies[1]["entity"] == name


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "http://", "https://a b/c", "http://ü.de/", "http://h:x/", ""]
)
def test_an_address_that_is_none_is_refused_before_anything_is_noted(address: str) -> None:
    for channel in (slack, webhook):
        with pytest.raises(ValueError, match="a web address begins with") as refused:
            channel(address)
        assert "passwd" not in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        {"user": "me", "password": "secret", "uses_tls": False},
        {"user": "me", "password": "gehüm"},
        {"port": 99_999},
        {"sender": "a@example.com\nBcc: b@example.com"},
    ],
)
def test_a_mail_server_that_cannot_be_is_refused(given: dict) -> None:
    server = {"host": "h", "port": 25, "sender": "a@example.com", "receivers": ("b@example.com",)}
    with pytest.raises(ValueError, match=r"."):
        email(EmailServer(**(server | given)))


def test_sentences_name_what_they_are_about() -> None:
    assert sentence(ALERT) == (
        "Orders below what was expected since 2024-05-01: 3 instead of 41 orders "
        "(severity 7 of 10, about -1,900 EUR)"
    )
    share = {
        **ALERT,
        **{"label": "share of parcels on time", "unit": "share", "money": None},
        **{"dimension": "warehouse", "entity": "Central", "observed": 0.0833, "expected": 0.855},
    }
    assert sentence(share) == (
        "Share of parcels on time (warehouse Central) below what was expected since 2024-05-01: "
        "8.3 % instead of 86 % (severity 7 of 10)"
    )
    stopped = {**ALERT, "rule": "input_stopped", "entity": "orders", "expected": 2.0}
    assert "input orders has had no rows for 3 days; 2 were the most" in sentence(stopped)
    assert sentence({**stopped, "event": "closed"}) == (
        "Over since 2024-05-02: the input orders had stopped"
    )
    assert sentence({**ALERT, "event": "closed"}) == (
        "Over since 2024-05-02: Orders below what was expected"
    )


def test_a_file_of_an_older_version_is_read() -> None:
    old = {name: ALERT[name] for name in ALERT if name not in ("label", "unit", "currency")}
    assert sentence(old).startswith("Order_count below what was expected since 2024-05-01: 3")


def published(folder: Path) -> Path:
    path = folder / "retail.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create schema marts")
        con.execute(
            "create table marts.alert_outbox as select 'm:opened' as message_id, 'm' as alert_id, "
            "'opened' as event, 7::bigint as severity, $1 as payload, date '2024-05-03' as due_on",
            [json.dumps({**ALERT, "metric": "revenue", "label": "revenue", "unit": "currency"})],
        )
        con.execute("create schema quality")
        con.execute("create table quality.meta as select 'CHF' as currency")
    return path


def test_the_command(
    receiver: Receiver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["notify", "--warehouse", str(tmp_path)]) == 1
    assert "nothing is published" in capsys.readouterr().err
    assert [message.message_id for message in read_outbox(published(tmp_path))] == ["m:opened"]
    call = ["notify", "--warehouse", str(tmp_path)]
    assert main(call) == 0
    assert "3 instead of 41 CHF (severity 7 of 10, about -1,900 CHF)" in capsys.readouterr().out
    assert main([*call, "--send"]) == 2
    assert main([*call, "--email", "a@example.com"]) == 2
    capsys.readouterr()
    hook = [*call, "--webhook", receiver.address]
    assert main(hook) == 0
    assert capsys.readouterr().out.startswith("webhook: waiting")
    assert main([*hook, "--send"]) == 0
    assert capsys.readouterr().out.startswith("webhook: sent")
    assert main([*hook, "--send"]) == 0
    assert capsys.readouterr().out == "nothing to be sent\n"
    assert len(receiver.bodies) == 1
