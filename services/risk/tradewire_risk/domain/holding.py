"""Whether an order that passed every check needs a person all the same."""

from tradewire.domain.money import plain
from tradewire.messages.vocabulary import CheckResult
from tradewire_risk.domain.check_input import CheckInput


def must_hold(i: CheckInput) -> tuple[CheckResult, bool]:
    """Says whether the order must be held, with the row of the decision that says why.

    An order is held that is worth more than `approval_threshold`, every one of a strategy whose mode is `approve`, and
    in a live account every one of a strategy until one was executed there; until a person has granted it. A verified
    exit is not.
    """
    limit, value = i.rules.bounds.approval_threshold, i.value
    if i.order.granted_by:
        return CheckResult("approval", i.order.granted_by, "", True), False
    if limit is None or value is None or i.exit:
        return CheckResult("approval", "", "" if limit is None else limit.text, True), False
    why = limit.text
    held = value > limit.value
    if not held and i.strategy.mode == "approve":
        held, why = True, "mode approve"
    elif not held and i.account is not None and i.account.live and not i.window.fills.get(i.order.strategy):
        held, why = True, "first live order"
    return CheckResult("approval", plain(value), why, not held), held
