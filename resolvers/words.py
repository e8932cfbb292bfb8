"""The enums of the graph: the words of the rules, each explained to who reads the schema."""

from enum import StrEnum

import strawberry

from models.rules.exports import ExportFormat
from models.rules.ranges import RangePreset
from models.rules.words import (
    Activity,
    Against,
    AgentChannel,
    AlertKind,
    BudgetAction,
    CallDirection,
    ChangeWhen,
    EntryKind,
    ErrorCode,
    GrantSource,
    HoldStatus,
    Interval,
    InterviewStatus,
    OpeningStatus,
    PoolKind,
    RateUnit,
    Role,
    RolloverPolicy,
    TopUpStatus,
    UsageDimension,
)


def explain(words: type[StrEnum], description: str, **meanings: str) -> None:
    """Make words an enum of the graph, with a description for it and for each of them."""
    strawberry.enum(words, description=description)
    values = words.__strawberry_definition__.values  # type: ignore[attr-defined]
    assert [value.name for value in values] == list(meanings), f"Explain each word of {words.__name__}, in its order."
    for value in values:
        value.description = meanings[value.name]


explain(
    Role,
    "What a key, or a member, may do.",
    OPERATOR="Keeps the books of every tenant. Members never have this role.",
    ADMIN="Reads and manages all that is one tenant's, its usage and credits included.",
    MEMBER="Has a seat with a tenant, without access to usage and credits.",
    RECORDER="A back end that reports usage and authorizes calls, and sees the amounts of what it reports.",
)
explain(
    Activity,
    "What can cost credits.",
    CALL="A call, by its billed time.",
    TRANSLATION="The real-time translation of a call, a line of its own.",
    MESSAGE="A message of a chat agent.",
    INTERVIEW="A candidate's interview, as far as it went.",
    TRANSCRIPT="A transcript of an interaction.",
    FACT="A fact found in an interaction.",
    DOCUMENT="A document written from an interaction.",
)
explain(
    RateUnit,
    "What one unit of a rate is.",
    MINUTE="A minute of a call, of its translation, or of a transcript's audio.",
    MESSAGE="One message, whatever its length.",
    THOUSAND_TOKENS="A thousand tokens, in and out together.",
    INTERVIEW="One completed interview; a partial one costs its part.",
    FACT="One fact.",
    DOCUMENT="One document.",
)
explain(
    RolloverPolicy,
    "What becomes of the plan's credits that are left when a billing period ends.",
    NONE="They expire.",
    CAPPED="At most the cap stays for one more period, the rest expires.",
    UNLIMITED="All of them stay, and roll over again.",
)
explain(
    AgentChannel,
    "How an agent works.",
    VOICE="By telephone.",
    CHAT="By text messages.",
    INTERVIEW="By interviewing candidates.",
    SCRIBE="By writing down and summing up what was said.",
)
explain(
    CallDirection,
    "Who called whom, seen from the agent.",
    INBOUND="The agent was called; the whole call is billed.",
    OUTBOUND="The agent called; billed from the moment of connection.",
)
explain(
    OpeningStatus,
    "Whether candidates are still interviewed for an opening.",
    OPEN="Candidates are being interviewed.",
    CLOSED="The job is filled, or was given up.",
)
explain(
    InterviewStatus,
    "How far an interview came. The furthest state that was ever reported holds.",
    INVITED="The candidate was invited; nothing is charged.",
    STARTED="The candidate began; nothing is charged yet.",
    PARTIAL="A part was completed, and is charged by its progress.",
    COMPLETED="All of it was completed, and is charged whole.",
)
explain(
    PoolKind,
    "Which pool credits belong to.",
    PLAN="The plan's credits of the month, and what rolled over from earlier ones.",
    TOP_UP="Credits that were bought or given.",
)
explain(
    GrantSource,
    "Where a grant came from.",
    PLAN="The plan's credits of one billing period.",
    ROLLOVER="What was left of the period before.",
    TOP_UP="A purchase.",
    AUTO_RECHARGE="A purchase that the tenant's own rule made.",
    PROMOTION="A gift.",
    ADJUSTMENT="A correction by an operator.",
    REFUND="Credits given back after the grant that paid had ended.",
)
explain(
    ErrorCode,
    "Why a request was refused, for programs.",
    NOT_FOUND="What was named does not exist, or is another tenant's.",
    INVALID="A value makes no sense; the path says which.",
    CONFLICT="It contradicts what is there already, such as a key that was used with other content.",
    INSUFFICIENT_CREDITS="Too few credits are available.",
    LIMIT_REACHED="The plan's limit, or the server's, is reached.",
    BUDGET_REACHED="The agent's budget is used up, and it stops the agent.",
    FORBIDDEN="The key's role may not do this.",
    NO_RATE="The plan has no price for it.",
    EXPIRED="It came too late: what it refers to has ended.",
)
explain(
    RangePreset,
    "A range of whole days by its name, seen from today in the tenant's time zone.",
    TODAY="Today.",
    LAST_7_DAYS="Today and the 6 days before.",
    LAST_30_DAYS="Today and the 29 days before.",
    LAST_90_DAYS="Today and the 89 days before.",
    LAST_12_MONTHS="This calendar month to today, and the 11 months before.",
    THIS_MONTH="This calendar month, to today.",
    LAST_MONTH="The whole calendar month before this one.",
    THIS_YEAR="This calendar year, to today.",
    CURRENT_PERIOD="The current billing period, to today.",
    PREVIOUS_PERIOD="The whole billing period before the current one.",
    ALL_TIME="Everything.",
)
explain(
    EntryKind,
    "What moved credits in the ledger.",
    GRANT="The plan's credits of a period, or credits that were given, became usable.",
    TOP_UP="A purchase was asked for or failed, which moves nothing, or was settled.",
    USAGE="Something was used. Late usage may correct entries that came before it.",
    EXPIRY="What was left of a grant ended with it.",
    ROLLOVER="What was left of the plan's credits rolled over into the next period.",
    REFUND="Credits of something that was used were given back.",
    ADJUSTMENT="A grant was taken back.",
    HOLD="Credits were set aside for a call that is under way.",
    RELEASE="Credits that were set aside became available again.",
)
explain(
    Interval,
    "A stretch of time by the calendar of the tenant's time zone.",
    HOUR="An hour.",
    DAY="A day, from midnight.",
    WEEK="A week, from Monday.",
    MONTH="A calendar month.",
    YEAR="A calendar year.",
)
explain(
    UsageDimension,
    "What usage is broken down by.",
    TENANT="By customer.",
    AGENT="By the agent that did the work.",
    OPENING="By the job that candidates were interviewed for.",
    MEMBER="By the member whose usage it is.",
    ACTIVITY="By what was done: calls, messages, interviews ...",
    MODEL="By the model that wrote the messages.",
    DIRECTION="By who called whom.",
)
explain(
    Against,
    "The range that a range of usage is compared with.",
    PREVIOUS_RANGE="As many days right before it; before whole months, as many whole months.",
    SAME_RANGE_LAST_MONTH="The same days a month earlier, clamped to its end; of whole months, whole months.",
    SAME_RANGE_LAST_YEAR="The same days a year earlier, likewise.",
)
explain(
    BudgetAction,
    "What happens when an agent has used up its budget.",
    WARN="An alert is raised.",
    STOP="An alert is raised, and the agent's next calls are not authorized.",
)
explain(
    AlertKind,
    "What a tenant is warned of.",
    LOW_BALANCE="Less became available than one of the tenant's thresholds.",
    OUT_OF_CREDITS="Nothing is available any more.",
    RUNAWAY_AGENT="An agent used far more than it usually does in an hour or a day that is over; told once a day.",
    BUDGET_REACHED="An agent has used up its budget.",
    TOP_UP_FAILED="A top-up was not paid, or an automatic one would have exceeded its cap.",
)
explain(
    TopUpStatus,
    "How far a purchase of credits is.",
    PENDING="Asked for and not paid yet; it adds nothing.",
    SETTLED="Paid; its credits are there.",
    FAILED="Not paid; it adds nothing.",
)
explain(
    HoldStatus,
    "What became of credits set aside for a call.",
    OPEN="They are set aside.",
    SETTLED="The call was recorded: it took its price, and the rest was given back.",
    RELEASED="They were given back before there was a call.",
    EXPIRED="They were given back because the hold's time was over.",
)
explain(
    ChangeWhen,
    "When a tenant goes over to another plan.",
    NOW="At once: rates and limits hold from now on, and the difference is granted for the rest of the period.",
    NEXT_PERIOD="When the next billing period begins.",
)
explain(
    ExportFormat,
    "What kind of file.",
    CSV="Comma-separated values in UTF-8 (with a byte order mark, which Excel wants), for programs and spreadsheets.",
    XLSX="An Excel workbook with dates as dates and numbers as numbers.",
)
