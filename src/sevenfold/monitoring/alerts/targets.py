"""Who is told: the monitor's log always, and the webhooks that a design declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.monitoring.alerts.webhook import key_of, post, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sevenfold.monitoring.alerts.declaration import Webhook
    from sevenfold.monitoring.alerts.delivery import Group, Target
    from sevenfold.monitoring.finding import Severity
    from sevenfold.serving.http.journal import Journal

__all__ = ["JournalTarget", "WebhookTarget", "targets_of"]


class JournalTarget:
    """Writes a line for each change.

    Parameters
    ----------
    journal
        Where to.
    """

    name = "log"
    least: Severity = "info"

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def tell(self, group: Group, now_ms: int) -> str:  # noqa: ARG002
        """Write the changes of a group."""
        for told in group.changes:
            change = told.change
            self._journal.info(
                f"alert {change.what}", alert=change.alert, severity=change.severity, summary=change.summary
            )
        return ""


class WebhookTarget:
    """Sends groups to an address.

    Parameters
    ----------
    webhook
        What was declared.
    key
        What deliveries are signed with.
    send
        Sends; `webhook.post` by default.
    """

    def __init__(
        self, webhook: Webhook, key: bytes, send: Callable[[str, Mapping[str, str], bytes], str] = post
    ) -> None:
        self.name, self.least = webhook.name, webhook.least
        self._url, self._key, self._send = webhook.url, key, send

    def tell(self, group: Group, now_ms: int) -> str:
        """Send a group; returns what is wrong, or nothing."""
        body = group.body()
        return self._send(self._url, signed(self._key, group.id, body, now_ms // 1000), body)


def targets_of(
    webhooks: tuple[Webhook, ...], journal: Journal, environment: Mapping[str, str]
) -> list[Target]:
    """Return everybody who is told.

    Raises
    ------
    UsageError
        A webhook has no key to sign with.
    """
    hooks = [WebhookTarget(webhook, key_of(webhook.key_variable, environment)) for webhook in webhooks]
    return [JournalTarget(journal), *hooks]
