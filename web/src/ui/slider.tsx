// A value between two ends, to drag or to step through with the arrow keys. Without a value nothing is filled.
import clsx from "clsx";
import type { InputHTMLAttributes } from "react";

export interface SliderProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "value" | "onChange" | "type"> {
  value: number | null;
  onChange: (value: number) => void;
  min: number;
  max: number;
  step: number;
}

const thumb =
  "[&::-webkit-slider-thumb]:size-4 [&::-webkit-slider-thumb]:appearance-none [&::-webkit-slider-thumb]:rounded-full [&::-webkit-slider-thumb]:border-2 [&::-webkit-slider-thumb]:border-current [&::-webkit-slider-thumb]:bg-surface [&::-moz-range-thumb]:size-3 [&::-moz-range-thumb]:rounded-full [&::-moz-range-thumb]:border-2 [&::-moz-range-thumb]:border-current [&::-moz-range-thumb]:bg-surface";

export function Slider({ value, onChange, min, max, step, className, ...rest }: SliderProps) {
  const part = value === null ? 0 : ((value - min) / (max - min)) * 100;
  return (
    <span className="flex h-6 items-center">
      <input
        {...rest}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value ?? (min + max) / 2}
        onChange={(event) => onChange(Number(event.target.value))}
        style={{ backgroundImage: `linear-gradient(to right, currentcolor ${part}%, var(--line) ${part}%)` }}
        className={clsx(
          "h-1 w-full cursor-pointer appearance-none rounded-full outline-offset-8",
          value === null ? "text-line-strong" : "text-accent",
          thumb,
          className,
        )}
      />
    </span>
  );
}
