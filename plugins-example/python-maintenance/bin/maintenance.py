"""Decides whether a request meets a maintenance window. Knows nothing of gRPC, so that it can be tried by itself."""

import math
from datetime import datetime, timezone


class ConfigError(ValueError):
    """Says what is wrong with the configuration, for the person who wrote it."""


class Maintenance:
    def __init__(self, config):
        self._windows = [
            _window(index, window) for index, window in enumerate(config.get("windows", []))
        ]
        self._message = config.get("message", "We are back shortly.")
        self._let_pass = frozenset(config.get("letPass", []))

    def decide(self, remote_ip, now=None):
        """None to let the request pass, else the seconds to wait and the message."""
        if remote_ip in self._let_pass:
            return None
        now = now or datetime.now(timezone.utc)
        for start, end in self._windows:
            if start <= now < end:
                return max(1, math.ceil((end - now).total_seconds())), self._message
        return None


def _window(index, window):
    start = _time(f"windows[{index}].from", window.get("from"))
    end = _time(f"windows[{index}].until", window.get("until"))
    if end <= start:
        raise ConfigError(f"windows[{index}]: until is not after from")
    return start, end


def _time(key, text):
    try:
        # Python before 3.11 does not know the Z.
        time = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        raise ConfigError(f"{key}: {text!r} is no ISO 8601 time") from None
    if time.tzinfo is None:
        raise ConfigError(f"{key}: {text!r} names no zone; add Z for UTC")
    return time
