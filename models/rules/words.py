"""The words of the field that are one of a fixed few. Their values are the names that the graph shows."""

from enum import StrEnum


class Word(StrEnum):
    """One of a fixed few words. It is text, and is looked up as quickly: an enum's own hash is worked out each time."""

    __hash__ = str.__hash__


class Role(Word):
    """What a key may do."""

    OPERATOR = "OPERATOR"
    ADMIN = "ADMIN"
    MEMBER = "MEMBER"
    RECORDER = "RECORDER"


class Activity(Word):
    """What can cost credits. The order is that of usage at one moment."""

    CALL = "CALL"
    TRANSLATION = "TRANSLATION"
    MESSAGE = "MESSAGE"
    INTERVIEW = "INTERVIEW"
    TRANSCRIPT = "TRANSCRIPT"
    FACT = "FACT"
    DOCUMENT = "DOCUMENT"


class RateUnit(Word):
    """What one unit of a rate is."""

    MINUTE = "MINUTE"
    MESSAGE = "MESSAGE"
    THOUSAND_TOKENS = "THOUSAND_TOKENS"
    INTERVIEW = "INTERVIEW"
    FACT = "FACT"
    DOCUMENT = "DOCUMENT"


class RolloverPolicy(Word):
    """What becomes of the plan's credits that are left at a boundary."""

    NONE = "NONE"
    CAPPED = "CAPPED"
    UNLIMITED = "UNLIMITED"


class ChangeWhen(Word):
    """When a tenant goes over to another plan."""

    NOW = "NOW"
    NEXT_PERIOD = "NEXT_PERIOD"


class AgentChannel(Word):
    """How an agent works."""

    VOICE = "VOICE"
    CHAT = "CHAT"
    INTERVIEW = "INTERVIEW"
    SCRIBE = "SCRIBE"


class CallDirection(Word):
    """Who called whom, seen from the agent."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class OpeningStatus(Word):
    """Whether candidates are still being interviewed."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class InterviewStatus(Word):
    """How far an interview came. The order is that of progress."""

    INVITED = "INVITED"
    STARTED = "STARTED"
    PARTIAL = "PARTIAL"
    COMPLETED = "COMPLETED"


class PoolKind(Word):
    """Which pool a grant belongs to. The order is that of burning."""

    PLAN = "PLAN"
    TOP_UP = "TOP_UP"


class GrantSource(Word):
    """Where a grant came from."""

    PLAN = "PLAN"
    ROLLOVER = "ROLLOVER"
    TOP_UP = "TOP_UP"
    AUTO_RECHARGE = "AUTO_RECHARGE"
    PROMOTION = "PROMOTION"
    ADJUSTMENT = "ADJUSTMENT"
    REFUND = "REFUND"


class EntryKind(Word):
    """What moved the credits."""

    GRANT = "GRANT"
    TOP_UP = "TOP_UP"
    USAGE = "USAGE"
    EXPIRY = "EXPIRY"
    ROLLOVER = "ROLLOVER"
    REFUND = "REFUND"
    ADJUSTMENT = "ADJUSTMENT"
    HOLD = "HOLD"
    RELEASE = "RELEASE"


class TopUpStatus(Word):
    """How far a purchase of credits is."""

    PENDING = "PENDING"
    SETTLED = "SETTLED"
    FAILED = "FAILED"


class HoldStatus(Word):
    """What became of credits set aside for a call."""

    OPEN = "OPEN"
    SETTLED = "SETTLED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


class Interval(Word):
    """A stretch of time by the tenant's calendar."""

    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"


class UsageDimension(Word):
    """What usage is broken down by."""

    TENANT = "TENANT"
    AGENT = "AGENT"
    OPENING = "OPENING"
    MEMBER = "MEMBER"
    ACTIVITY = "ACTIVITY"
    MODEL = "MODEL"
    DIRECTION = "DIRECTION"


class Against(Word):
    """Which range another one is compared with."""

    PREVIOUS_RANGE = "PREVIOUS_RANGE"
    SAME_RANGE_LAST_MONTH = "SAME_RANGE_LAST_MONTH"
    SAME_RANGE_LAST_YEAR = "SAME_RANGE_LAST_YEAR"


class BudgetAction(Word):
    """What happens when an agent has used up its budget."""

    WARN = "WARN"
    STOP = "STOP"


class AlertKind(Word):
    """What a tenant is warned of."""

    LOW_BALANCE = "LOW_BALANCE"
    OUT_OF_CREDITS = "OUT_OF_CREDITS"
    RUNAWAY_AGENT = "RUNAWAY_AGENT"
    BUDGET_REACHED = "BUDGET_REACHED"
    TOP_UP_FAILED = "TOP_UP_FAILED"


class SubjectKind(Word):
    """What an entry can be about, by the name of its graph type in snake case, as ids show it."""

    CALL = "call"
    MESSAGE = "message"
    INTERVIEW = "interview"
    TRANSCRIPT = "transcript"
    FACT = "fact"
    DOCUMENT = "document"
    TOP_UP = "top_up"
    CREDIT_GRANT = "credit_grant"
    HOLD = "hold"


class ErrorCode(Word):
    """Why a request was refused, for programs."""

    NOT_FOUND = "NOT_FOUND"
    INVALID = "INVALID"
    CONFLICT = "CONFLICT"
    INSUFFICIENT_CREDITS = "INSUFFICIENT_CREDITS"
    LIMIT_REACHED = "LIMIT_REACHED"
    BUDGET_REACHED = "BUDGET_REACHED"
    FORBIDDEN = "FORBIDDEN"
    NO_RATE = "NO_RATE"
    EXPIRED = "EXPIRED"
