"""Answers kept for as long as their build is the newest: a new one empties the cache at once."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

MOST_BYTES = 64 << 20
MOST_ANSWER = 1 << 20


@dataclass(frozen=True)
class Answer:
    """What is sent: the headers say the format, the build and the tag."""

    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    etag: bytes
    route: str


class Cache:
    """The answers of one build by what was asked, those not asked for longest go first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple, Answer] = OrderedDict()
        self._build: object = None
        self._bytes = 0
        self.hits = 0

    def get(self, build: object, asked: tuple) -> Answer | None:
        with self._lock:
            if build != self._build:
                self._answers.clear()
                self._build, self._bytes = build, 0
            answer = self._answers.get(asked)
            if answer is not None:
                self._answers.move_to_end(asked)
                self.hits += 1
            return answer

    def put(self, build: object, asked: tuple, answer: Answer) -> None:
        if len(answer.body) > MOST_ANSWER:
            return
        with self._lock:
            # the answer of a build that was replaced meanwhile is of no use
            if build != self._build or asked in self._answers:
                return
            self._answers[asked] = answer
            self._bytes += len(answer.body)
            while self._bytes > MOST_BYTES:
                _, oldest = self._answers.popitem(last=False)
                self._bytes -= len(oldest.body)
