// A chart over time: stacked bars or lines, in the theme's colours, with labels and dashes so that nothing depends on
// colour alone. Dragging over it narrows the time. Its words and its table are given by the page.
import "uplot/dist/uPlot.min.css";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import uPlot from "uplot";
import { useTheme } from "@/lib/theme";
import { barSeries, type ChartColour, type ChartSeries, endLabels, lineSeries, type Palette, stacked } from "@/ui/plot";

const HEIGHT = 208;
const FONT = '11px "Inter Variable", system-ui, sans-serif';
const COLOURS: readonly ChartColour[] = ["accent", "warn", "danger", "line-strong"];
/** Fewer pixels than this are a click, not a drag. */
const LEAST_DRAG = 6;

export interface ChartProps {
  kind: "bars" | "lines";
  /** The beginning and end of what is shown, in seconds. */
  from: number;
  until: number;
  /** The middle of each part, in seconds. */
  at: readonly number[];
  series: readonly ChartSeries[];
  /** What the chart says, in one or two sentences, for those who do not see it. */
  summary: string;
  format: (value: number) => string;
  /** How one part is called in the box that follows the pointer. */
  partName: (index: number) => string;
  onNarrow: (from: number, until: number) => void;
}

export function Chart({ kind, from, until, at, series, summary, format, partName, onNarrow }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const [pointed, setPointed] = useState<{ index: number; left: number } | null>(null);
  const narrow = useEffectEvent(onNarrow);
  const write = useEffectEvent(format);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new theme means new colours.
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const palette = paletteOf(element);
    const values = kind === "bars" ? stacked(series) : series.map((each) => each.values);
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        padding: [8, kind === "lines" ? 34 : 8, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG } },
        scales: {
          x: { time: true, range: [from, until] },
          y: { range: (_, __, most) => [0, Math.max(most * 1.06, kind === "bars" ? 4 : 1000)] },
        },
        axes: [
          {
            ...axis(palette),
            size: 26,
            grid: { show: false },
            space: 56,
            values: (_, splits, __, ___, step) => splits.map((each) => momentName(each, step)),
          },
          {
            ...axis(palette),
            size: 58,
            space: 36,
            incrs: kind === "bars" ? WHOLE : undefined,
            values: (_, splits) => splits.map((each) => (each === 0 ? "0" : write(each))),
          },
        ],
        series: [{}, ...series.map((each) => (kind === "bars" ? barSeries(each, palette) : lineSeries(each, palette)))],
        hooks: {
          setSelect: [
            (self) => {
              if (self.select.width < LEAST_DRAG) return;
              narrow(self.posToVal(self.select.left, "x"), self.posToVal(self.select.left + self.select.width, "x"));
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
          setCursor: [
            (self) => {
              const { idx, left } = self.cursor;
              setPointed(
                idx == null || left == null || left < 0
                  ? null
                  : { index: idx, left: left + self.bbox.left / uPlot.pxRatio },
              );
            },
          ],
          draw: kind === "lines" ? [(self) => endLabels(self, series, palette, FONT)] : [],
        },
      },
      [[...at], ...values.map((each) => [...each])],
      element,
    );
    const watch = new ResizeObserver(() => {
      if (element.clientWidth > 0) plot.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    watch.observe(element);
    return () => {
      watch.disconnect();
      plot.destroy();
      setPointed(null);
    };
  }, [kind, from, until, at, series, theme]);
  return (
    <div className="relative">
      <div ref={box} role="img" aria-label={summary} className="w-full overflow-hidden" style={{ height: HEIGHT }} />
      {pointed ? (
        <div
          aria-hidden
          className="pointer-events-none absolute top-0 z-10 w-max max-w-48 rounded-control border border-line bg-surface px-2.5 py-1.5 text-tag shadow-float tabular"
          style={
            pointed.left > (box.current?.clientWidth ?? 0) / 2
              ? { right: (box.current?.clientWidth ?? 0) - pointed.left + 10 }
              : { left: pointed.left + 10 }
          }
        >
          <p className="text-ink-2">{partName(pointed.index)}</p>
          {series.map((each) => (
            <p key={each.label} className="flex justify-between gap-4">
              <span>{each.label}</span>
              <span>{format(each.values[pointed.index] ?? Number.NaN)}</span>
            </p>
          ))}
        </div>
      ) : null}
    </div>
  );
}

const WHOLE = [1, 2, 5]
  .flatMap((each) => Array.from({ length: 10 }, (_, power) => each * 10 ** power))
  .sort((a, b) => a - b);

function paletteOf(element: HTMLElement): Palette {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: read("ink-2"),
    line: read("line"),
    surface: read("surface"),
    series: Object.fromEntries(COLOURS.map((each) => [each, read(each)])) as Record<ChartColour, string>,
  };
}

function axis({ ink, line }: Palette): uPlot.Axis {
  return { stroke: ink, font: FONT, grid: { stroke: line, width: 1 }, ticks: { show: false }, gap: 6 };
}

const hour = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const DAY = 86_400;

/** A tick of the time axis: the hour, or the day where days are apart or one begins. */
function momentName(seconds: number, step: number): string {
  const moment = new Date(seconds * 1000);
  const midnight = moment.getHours() === 0 && moment.getMinutes() === 0;
  return step >= DAY || midnight ? day.format(moment) : hour.format(moment);
}
