"""Which lines of a script make one record of the log, and of which level it is.

The script's two streams are one here, so that all there is to go by is the text.
"""

import json
import re
from typing import List, NamedTuple, Optional, Tuple

# The runtime splits lines above 16 KiB into pieces that are no JSON; other fields need room, too.
LONGEST_BODY = 8000  # characters
_BYTES = 14000
_PLACES = (  # of the level in what loggers write; what stands there decides alone
    re.compile(r"([A-Z]+):[\w.-]+:"),  # Python's logging, Abseil in Python
    re.compile(r"\[?([IWEF])\d{3,4} \d\d:\d\d:\d\d\.\d+ "),  # glog, Abseil, PyTorch
    re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: ([IWEF]) \S+:\d+\] "),  # TensorFlow in C++
    re.compile(r"\[([IWEF]) \S+:\d+\] "),  # PyTorch in C++, older
    re.compile(  # the level within the first words of a line that begins with a time
        r"[\[(]?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*[\])]?"
        r"(?:[ \t:|,-]+[\w./\[\]()-]+?)??[ \t:|,\[(-]+"
        r"(DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\b"
    ),
    re.compile(r"[\[(<]?(DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)[\])>:| ]"),
)
_LEVELS = {
    **dict.fromkeys(("E", "F", "ERROR", "CRITICAL", "FATAL"), "ERROR"),
    **dict.fromkeys(("W", "WARN", "WARNING"), "WARNING"),
}
_ERROR = re.compile(
    r"\b(?:ERROR|CRITICAL|FATAL)\b|^(?:\S+: )?(?:fatal )?error: "
    r"|^[A-Za-z_][\w.]*(?:Error|Exception)\b"
)
_WARNING = re.compile(r"\bWARN(?:ING)?\b|\b\w*Warning:|^(?:\S+: )?warning: ")

# PyTorch begins each line of a traceback with the rank.
_RANK = re.compile(r"\[(?:rank|default)\d+\]:")
_BEGIN = re.compile(
    r"[ +|]*(?:Exception Group )?Traceback \(most recent call last\):"
    r"|  File \".*\", line \d+"
    r"|Fatal Python error: "
    r"|\*\*\* Check failure stack trace: \*\*\*"
)
_CHAIN = re.compile(
    r"During handling of the above exception, another exception occurred:"
    r"|The above exception was the direct cause of the following exception:"
)
_THREAD = re.compile(r"(?:Current thread|Thread) 0x\w+ .*\(most recent call first\):")
_EXCEPTION = re.compile(r"[A-Za-z_][\w.<>]*(?:: |:?$)")
_BLANKS = 2  # so many may stand between the parts of a traceback


class Record(NamedTuple):
    """Text of one or several lines; INFO, WARNING or ERROR; when the first of them came."""

    body: str
    level: str
    time: float


def level_of(line: str) -> str:
    """INFO, WARNING or ERROR."""
    text = _parts(line)[1]
    said = _said(text)
    if said is not None:
        return said
    if _BEGIN.match(text) or _ERROR.search(text):
        return "ERROR"
    return "WARNING" if _WARNING.search(text) else "INFO"


class Joiner:
    """Makes records of lines. A traceback is one, with the exceptions that it follows from.

    Every line is in exactly one record, in order. That a traceback has ended is known with the next
    line; `flush` gives what is held until then.
    """

    def __init__(self) -> None:
        self._held: List[str] = []
        self._blanks: List[str] = []  # after what is held; they belong to it if something follows
        self._size = 0
        self._time = 0.0
        self._rank = ""
        self._is_open = False  # its last line, the exception, is still to come

    @property
    def held_since(self) -> Optional[float]:
        """When the first line of what is held came; None where nothing is."""
        return self._time if self._held else None

    def add(self, line: str, time: float) -> List[Record]:
        """The records that are whole by now."""
        rank, text = _parts(line)
        if self._held and rank == self._rank:
            if not text.strip() and len(self._blanks) < _BLANKS:
                self._blanks.append(line)
                return []
            if self._goes_on(text):
                done = self._make_room(line)
                self._hold(line, time)
                return done
        done = self.flush()
        if _BEGIN.match(text):
            self._rank = rank
            self._is_open = text.startswith(("Traceback", "  File"))
            self._hold(line, time)
        else:
            done.append(Record(line, level_of(line), time))
        return done

    def flush(self) -> List[Record]:
        """What is held, as if nothing more came."""
        done = [Record("\n".join(self._held), "ERROR", self._time)] if self._held else []
        done += [Record(blank, "INFO", self._time) for blank in self._blanks]
        self._held, self._blanks, self._size = [], [], 0
        return done

    def _goes_on(self, text: str) -> bool:
        if text[:1] in " \t" or _THREAD.match(text):
            return True
        if _CHAIN.match(text) or (self._is_open and _BEGIN.match(text)):
            self._is_open = True
            return True
        if self._is_open and _EXCEPTION.match(text) and _said(text) is None:
            self._is_open = False
            return True
        return False

    def _make_room(self, line: str) -> List[Record]:
        size = self._size + sum(len(blank) + 1 for blank in self._blanks) + len(line)
        return self.flush() if size > LONGEST_BODY else []

    def _hold(self, line: str, time: float) -> None:
        if not self._held:
            self._time = time
        for each in [*self._blanks, line]:
            self._held.append(each)
            self._size += len(each) + 1
        self._blanks = []


def pieces(body: str) -> List[str]:
    """The body in parts that are short enough for one line of JSON each."""
    if len(body) <= LONGEST_BODY:
        if len(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")) <= _BYTES:
            return [body]
        cut = len(body) // 2
    else:
        cut = LONGEST_BODY
    return pieces(body[:cut]) + pieces(body[cut:])


def _said(text: str) -> Optional[str]:
    """The level that a logger wrote; None where none did."""
    for place in _PLACES:
        found = place.match(text)
        if found:
            return _LEVELS.get(found.group(1), "INFO")
    return None


def _parts(line: str) -> Tuple[str, str]:
    """The rank, empty if there is none, and what it says."""
    found = _RANK.match(line)
    if found is None:
        return "", line
    text = line[found.end() :]
    return found.group(), text[1:] if text.startswith(" ") else text
