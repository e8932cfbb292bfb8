/** Days and moments for people. Moments are told in the tenant's zone, whatever zone the reader sits in. */

const LANGUAGE = "en-GB";

/** "21 Nov 2026, 14:05:09", in a zone. */
export function showMoment(moment: string, zone: string): string {
  return new Intl.DateTimeFormat(LANGUAGE, {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZone: zone,
  }).format(new Date(moment));
}

/** "14:05", in a zone. */
export function showTime(moment: string, zone: string): string {
  return new Intl.DateTimeFormat(LANGUAGE, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: zone,
  }).format(new Date(moment));
}

/** "14:05:09", in a zone. */
export function showClock(moment: string, zone: string): string {
  return new Intl.DateTimeFormat(LANGUAGE, { timeStyle: "medium", hourCycle: "h23", timeZone: zone }).format(
    new Date(moment),
  );
}

/** The calendar day that a moment lies in, in a zone: "2026-11-21". */
export function dayOf(moment: string, zone: string): string {
  // Canada writes its days as the graph does.
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(new Date(moment));
}

type DayStyle = "full" | "short" | "brief" | "month";

/** A calendar day: "21 Nov 2026"; short "Sat 21 Nov", brief "21 Nov"; or its month, "Nov 2026". */
export function showDay(day: string, style: DayStyle = "full"): string {
  const parts: Record<DayStyle, Intl.DateTimeFormatOptions> = {
    full: { day: "numeric", month: "short", year: "numeric" },
    short: { weekday: "short", day: "numeric", month: "short" },
    brief: { day: "numeric", month: "short" },
    month: { month: "short", year: "numeric" },
  };
  // A day has no zone: it is read and shown as one in the same.
  return new Intl.DateTimeFormat(LANGUAGE, { ...parts[style], timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
}

/** "15 – 21 Nov 2026", as short as it can be. */
export function showDays(first: string, last: string): string {
  const format = new Intl.DateTimeFormat(LANGUAGE, {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });
  return format.formatRange(new Date(`${first}T00:00:00Z`), new Date(`${last}T00:00:00Z`));
}

/** "1 h 02 min", "4 min 07 s", "53 s". */
export function showSeconds(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  const two = (count: number) => String(count).padStart(2, "0");
  if (hours) return `${hours.toLocaleString("en")} h ${two(minutes)} min`;
  return minutes ? `${minutes} min ${two(rest)} s` : `${rest} s`;
}

export function showCount(count: number): string {
  return count.toLocaleString("en");
}

/** "credits", or "credit" for exactly one. */
export function creditsWord(amount: string): string {
  return amount === "1" ? "credit" : "credits";
}

/** "3 calls", "1 call". */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${showCount(count)} ${count === 1 ? one : several}`;
}
