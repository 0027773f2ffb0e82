// How one series is drawn: bars that lie on each other, lines with dashes and their name at the end. No React here.
import uPlot from "uplot";

export type ChartColour = "accent" | "warn" | "danger" | "line-strong";

export interface ChartSeries {
  label: string;
  values: readonly (number | null)[];
  colour: ChartColour;
  /** Lines: lengths of dashes and gaps. Bars: hatched where it is given. */
  dash?: number[];
}

export interface Palette {
  ink: string;
  line: string;
  surface: string;
  series: Record<ChartColour, string>;
}

/** For each series its own values and those of all after it: what is drawn last lies lowest. */
export function stacked(series: readonly ChartSeries[]): number[][] {
  const sums: number[][] = [];
  let below: number[] = [];
  for (const each of [...series].reverse()) {
    below = each.values.map((value, index) => (value ?? 0) + (below[index] ?? 0));
    sums.unshift(below);
  }
  return sums;
}

export function barSeries({ label, colour, dash }: ChartSeries, { series, surface }: Palette): uPlot.Series {
  const plain = series[colour];
  return {
    label,
    stroke: plain,
    width: 0,
    fill: dash ? () => hatch(plain, surface) : plain,
    paths: uPlot.paths.bars?.({ size: [0.72, 28], align: 0 }),
    points: { show: false },
  };
}

export function lineSeries({ label, colour, dash, values }: ChartSeries, { series }: Palette): uPlot.Series {
  const alone = values.flatMap((value, index) =>
    value !== null && values[index - 1] == null && values[index + 1] == null ? [index] : [],
  );
  return {
    label,
    stroke: series[colour],
    width: 1.75,
    dash,
    // A value without neighbours makes no line, so that it gets a dot.
    points: { show: alone.length > 0, filter: () => alone, size: 5, fill: series[colour] },
  };
}

/** Stripes of a colour: told from plain ones without seeing which colour it is. */
function hatch(colour: string, ground: string): CanvasPattern | string {
  const size = Math.max(4, Math.round(5 * uPlot.pxRatio));
  const tile = document.createElement("canvas");
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext("2d");
  if (!pen) return colour;
  pen.fillStyle = colour;
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = ground;
  pen.lineWidth = Math.max(1, size / 5);
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
  }
  pen.stroke();
  return pen.createPattern(tile, "repeat") ?? colour;
}

/** Write each line's name at its end, pushed apart where they would overlap. */
export function endLabels(plot: uPlot, series: readonly ChartSeries[], palette: Palette, font: string): void {
  const ratio = uPlot.pxRatio;
  const least = 13 * ratio;
  const labels = series.flatMap((each) => {
    const last = each.values.findLastIndex((value) => value !== null);
    const value = each.values[last];
    const moment = plot.data[0][last];
    return value == null || moment === undefined
      ? []
      : [
          {
            text: each.label,
            colour: palette.series[each.colour],
            y: plot.valToPos(value, "y", true),
            x: plot.valToPos(moment, "x", true),
          },
        ];
  });
  labels.sort((one, other) => other.y - one.y);
  let lowest = plot.bbox.top + plot.bbox.height;
  const pen = plot.ctx;
  pen.save();
  pen.font = font.replace(/^\d+px/, (size) => `${Number.parseInt(size, 10) * ratio}px`);
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  pen.fillStyle = palette.ink;
  for (const label of labels) {
    const y = Math.min(label.y, lowest);
    lowest = y - least;
    pen.fillText(label.text, label.x + 5 * ratio, y);
  }
  pen.restore();
}
