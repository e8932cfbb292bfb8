import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { useAnnounce } from "../parts/Announcer";
import { watchTheme } from "../shell/theme";
import type { Bar } from "./bars";

type Props = {
  bars: readonly Bar[];
  /** What is drawn: "Credits". */
  name: string;
  /** For those who do not see it. */
  description: string;
  nowName: string;
  thenName: string | null;
};

const HEIGHT = 240;

/** Bars for the range, and a line for the one before. Which bar is pointed at, or chosen by the arrow keys, is told below. */
export function BarChart({ bars, name, description, nowName, thenName }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const [index, setIndex] = useState<number | null>(null);
  const announce = useAnnounce();

  const newest = useRef(bars);
  newest.current = bars;

  const ticks = bars.map((bar) => bar.now?.tick ?? bar.then?.tick ?? "").join("\n");
  const hasThen = thenName !== null;
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const draw = () => {
      chart.current?.destroy();
      const options = optionsFor(element, ticks.split("\n"), hasThen, setIndex);
      chart.current = new uPlot(options, dataOf(newest.current), element);
    };
    draw();
    setIndex(null);
    const unwatch = watchTheme(draw);
    const observer = new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      unwatch();
      observer.disconnect();
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, [ticks, hasThen]);
  // The same intervals with other values need no other chart: whoever points at a bar goes on pointing at it.
  useEffect(() => chart.current?.setData(dataOf(bars)), [bars]);

  const step = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined || bars.length === 0) return;
    event.preventDefault();
    const next = index === null ? (by > 0 ? 0 : bars.length - 1) : (index + by + bars.length) % bars.length;
    setIndex(next);
    announce(spoken(bars[next]));
    const left = chart.current?.valToPos(next, "x") ?? 0;
    chart.current?.setCursor({ left, top: HEIGHT / 2 }, false);
  };
  const pointed = index === null ? undefined : bars[index];
  return (
    <figure class="chart">
      <div
        ref={place}
        class="plot"
        role="img"
        aria-label={description}
        tabIndex={0}
        onKeyDown={step}
        onBlur={() => setIndex(null)}
      />
      <figcaption>
        <span class="key now">
          {pointed?.now ? `${pointed.now.label}: ` : nowName}
          {pointed?.now && <strong>{pointed.now.value}</strong>}
        </span>
        {thenName !== null && (
          <span class="key then">
            {pointed?.then ? `${pointed.then.label}: ` : thenName}
            {pointed?.then && <strong>{pointed.then.value}</strong>}
          </span>
        )}
        <span class="soft">{name}</span>
      </figcaption>
    </figure>
  );
}

function spoken(bar: Bar | undefined): string {
  const parts = [bar?.now, bar?.then].map((told) => told && `${told.label}: ${told.value}`);
  return parts.filter(Boolean).join("; ");
}

function dataOf(bars: readonly Bar[]): uPlot.AlignedData {
  return [
    bars.map((_, index) => index),
    bars.map((bar) => bar.now?.pixels ?? null),
    bars.map((bar) => bar.then?.pixels ?? null),
  ];
}

function optionsFor(
  element: HTMLElement,
  ticks: readonly string[],
  hasThen: boolean,
  pointAt: (index: number | null) => void,
): uPlot.Options {
  const colours = coloursOf(element);
  const line = { stroke: colours.line, width: 1 };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    // Intervals stand side by side by their number: days of 23 or 25 hours are as wide as others.
    scales: {
      x: { time: false, range: [-0.5, ticks.length - 0.5] },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] },
    },
    axes: [
      {
        stroke: colours.soft,
        grid: { show: false },
        ticks: { show: false },
        gap: 6,
        space: 64,
        incrs: [1, 2, 3, 5, 7, 10, 14, 20, 30, 50, 100, 200, 500],
        font: colours.font,
        values: (_, splits) => splits.map((at) => (Number.isInteger(at) ? (ticks[at] ?? "") : "")),
      },
      {
        stroke: colours.soft,
        grid: line,
        ticks: { show: false },
        size: 56,
        gap: 6,
        font: colours.font,
        values: grouped,
      },
    ],
    series: [
      {},
      {
        paths: uPlot.paths.bars!({ size: [0.62, 44], radius: 0.12 }),
        fill: colours.accent,
        stroke: colours.accent,
        width: 0,
        points: { show: false },
      },
      {
        show: hasThen,
        paths: uPlot.paths.linear!(),
        stroke: colours.then,
        width: 2,
        dash: [5, 4],
        points: { show: ticks.length < 40, size: 5, fill: colours.paper, stroke: colours.then },
      },
    ],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    hooks: { setCursor: [(plot) => pointAt(plot.cursor.idx ?? null)] },
  };
}

/** Colours are the style sheet's: read where they apply, so that they follow the theme. */
function coloursOf(element: HTMLElement) {
  const probe = element.appendChild(document.createElement("i"));
  const read = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const colours = {
    accent: read("bar"),
    then: read("bar-then"),
    soft: read("soft"),
    line: read("line"),
    paper: read("paper"),
    font,
  };
  probe.remove();
  return colours;
}

/** As short as the axis is narrow: 1,500 stays, 150,000,000 is 150M. */
function grouped(_: uPlot, splits: number[]): string[] {
  return splits.map((value) =>
    value.toLocaleString("en", { maximumFractionDigits: 2, notation: value < 100_000 ? "standard" : "compact" }),
  );
}
