// The list of offered models: a list box with many selections, of which only the rows in sight are drawn.
import clsx from "clsx";
import { Check } from "lucide-react";
import { type KeyboardEvent, useId, useRef, useState } from "react";

const ROW = 32;
const SHOWN = 8;
const SPARE = 4;

export interface OfferedListProps {
  label: string;
  ids: readonly string[];
  chosen: ReadonlySet<string>;
  /** No more can be chosen; those that are chosen can still be removed. */
  full: boolean;
  describedBy: string | undefined;
  onToggle: (id: string) => void;
}

export function OfferedList({ label, ids, chosen, full, describedBy, onToggle }: OfferedListProps) {
  const name = useId();
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [wanted, setActive] = useState(0);
  const active = Math.min(wanted, ids.length - 1);
  const first = Math.max(0, Math.min(Math.floor(top / ROW), ids.length - SHOWN) - SPARE);
  const last = Math.min(ids.length, first + SHOWN + 2 * SPARE + 1);
  const go = (to: number) => {
    const next = Math.max(0, Math.min(to, ids.length - 1));
    setActive(next);
    const area = box.current;
    if (!area) return;
    if (next * ROW < area.scrollTop) area.scrollTop = next * ROW;
    else if ((next + 1) * ROW > area.scrollTop + area.clientHeight)
      area.scrollTop = (next + 1) * ROW - area.clientHeight;
    setTop(area.scrollTop);
  };
  const toggle = (at: number) => {
    const id = ids[at];
    if (id !== undefined && (chosen.has(id) || !full)) onToggle(id);
  };
  const press = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + SHOWN,
      PageUp: active - SHOWN,
      Home: 0,
      End: ids.length - 1,
    };
    const to = steps[event.key];
    if (to !== undefined) go(to);
    else if (event.key === " " || event.key === "Enter") toggle(active);
    else return;
    event.preventDefault();
  };
  return (
    <div
      ref={box}
      role="listbox"
      aria-label={label}
      aria-multiselectable
      aria-describedby={describedBy}
      aria-activedescendant={active >= first && active < last ? `${name}-${active}` : undefined}
      tabIndex={0}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={press}
      className="group relative overflow-y-auto outline-offset-[-2px]"
      style={{ height: Math.min(ids.length, SHOWN) * ROW }}
    >
      <div style={{ height: ids.length * ROW, paddingTop: first * ROW }} className="box-border">
        {ids.slice(first, last).map((id, place) => {
          const at = first + place;
          const on = chosen.has(id);
          return (
            // biome-ignore lint/a11y/useFocusableInteractive: the list box has the focus and names the active option.
            // biome-ignore lint/a11y/useKeyWithClickEvents: the list box takes the keys.
            <div
              key={id}
              id={`${name}-${at}`}
              role="option"
              aria-selected={on}
              aria-disabled={full && !on ? true : undefined}
              aria-setsize={ids.length}
              aria-posinset={at + 1}
              title={id.length > 48 ? id : undefined}
              onClick={() => {
                setActive(at);
                toggle(at);
              }}
              className={clsx(
                "flex h-8 cursor-pointer items-center gap-2.5 px-3 font-mono text-hint hover:bg-sunken aria-disabled:cursor-not-allowed aria-disabled:text-ink-2",
                at === active && "group-focus-visible:bg-sunken group-focus-visible:shadow-[inset_2px_0_var(--focus)]",
              )}
            >
              <span
                aria-hidden
                className={clsx(
                  "grid size-4.5 shrink-0 place-items-center rounded-[5px] border",
                  on ? "border-accent bg-accent text-on-accent" : "border-line-strong bg-surface",
                  full && !on && "opacity-55",
                )}
              >
                {on ? <Check size={13} strokeWidth={3} /> : null}
              </span>
              <span className="truncate">{id}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
