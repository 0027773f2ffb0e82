// The command palette: every page, the common actions, every model to chat with, by a few letters.
import { Dialog as Base } from "@base-ui/react/dialog";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import clsx from "clsx";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { apiModelsQuery, useMe } from "@/api/queries";
import { atLeast } from "@/lib/roles";
import { chooseTheme, useTheme } from "@/lib/theme";
import { PLACES } from "@/shell/nav";
import { signOut } from "@/shell/sign-out";
import { text } from "@/text/en/shell";

interface Entry {
  id: string;
  group: string;
  label: string;
  run: () => void;
}

const MOST_SHOWN = 50;

export default function Palette({ onClose, onList }: { onClose: () => void; onList: () => void }) {
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(0);
  const list = useId();
  const shown = useRef<HTMLDivElement>(null);
  const entries = useEntries(onList);
  const found = useMemo(() => matching(entries, typed).slice(0, MOST_SHOWN), [entries, typed]);
  const current = found[Math.min(active, found.length - 1)];
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is chosen stays in sight.
  useEffect(() => {
    shown.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [active]);
  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    entry.run();
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setActive((active + step + found.length) % Math.max(found.length, 1));
    else if (event.key === "Enter") run(current);
    else return;
    event.preventDefault();
  };
  return (
    <Base.Root open onOpenChange={(open) => !open && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-scrim" />
        <Base.Popup className="fixed top-[12dvh] left-1/2 z-50 flex max-h-[70dvh] w-[min(560px,calc(100vw-24px))] -translate-x-1/2 flex-col overflow-hidden rounded-dialog border border-line bg-surface shadow-float outline-none">
          <Base.Title className="sr-only">{text.paletteLabel}</Base.Title>
          <input
            role="combobox"
            aria-expanded
            aria-controls={list}
            aria-activedescendant={current ? `${list}-${current.id}` : undefined}
            aria-label={text.paletteLabel}
            placeholder={text.palettePlaceholder}
            autoComplete="off"
            spellCheck={false}
            value={typed}
            onChange={(event) => {
              setTyped(event.target.value);
              setActive(0);
            }}
            onKeyDown={press}
            className="h-13 shrink-0 border-line border-b bg-transparent px-4 text-section outline-offset-[-2px]"
          />
          <p role="status" className="sr-only">
            {text.paletteFound(found.length)}
          </p>
          <div
            ref={shown}
            id={list}
            role="listbox"
            aria-label={text.paletteLabel}
            className="relative overflow-y-auto p-1.5"
          >
            {found.map((entry) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard is the field's, by aria-activedescendant.
              // biome-ignore lint/a11y/useFocusableInteractive: as above.
              <div
                key={entry.id}
                id={`${list}-${entry.id}`}
                role="option"
                aria-selected={entry === current}
                onClick={() => run(entry)}
                onPointerMove={() => setActive(found.indexOf(entry))}
                className={clsx(
                  "flex min-h-9 cursor-pointer items-center gap-3 rounded-control px-3",
                  entry === current && "bg-accent-soft",
                )}
              >
                <span className="w-20 shrink-0 text-hint text-ink-2">{entry.group}</span>
                <span className="min-w-0 truncate">{entry.label}</span>
              </div>
            ))}
          </div>
          {found.length === 0 ? <p className="px-4 py-3 text-ink-2">{text.paletteNothing}</p> : null}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

function useEntries(onList: () => void): Entry[] {
  const me = useMe();
  const navigate = useNavigate();
  const theme = useTheme();
  const { data: apiModels } = useQuery(apiModelsQuery);
  return useMemo(() => {
    const entries: Omit<Entry, "id">[] = PLACES.filter((place) => atLeast(me.role, place.role)).map(
      ({ to, label }) => ({
        group: text.goTo,
        label,
        run: () => void navigate({ to }),
      }),
    );
    entries.push(
      { group: text.goTo, label: text.account, run: () => void navigate({ to: "/account/" }) },
      { group: text.doIt, label: text.newChat, run: () => void navigate({ to: "/chat/" }) },
      ...(atLeast(me.role, "power_user")
        ? [{ group: text.doIt, label: text.newApiModel, run: () => void navigate({ to: "/models/api/new/" }) }]
        : []),
      {
        group: text.doIt,
        label: theme === "dark" ? text.light : text.dark,
        run: () => chooseTheme(theme === "dark" ? "light" : "dark"),
      },
      { group: text.doIt, label: text.shortcuts, run: onList },
      { group: text.doIt, label: text.signOut, run: () => void signOut() },
    );
    for (const apiModel of apiModels ?? []) {
      for (const model of apiModel.models) {
        entries.push({
          group: text.chatWith,
          label: apiModel.prefix + model,
          run: () =>
            void navigate({ to: "/chat/", search: { model: apiModel.prefix + model, api_model_id: apiModel.id } }),
        });
      }
    }
    return entries.map((entry, place) => ({ ...entry, id: String(place) }));
  }, [me.role, navigate, theme, apiModels, onList]);
}

function matching(entries: Entry[], typed: string): Entry[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter((entry) => {
    const label = `${entry.group} ${entry.label}`.toLowerCase();
    return words.every((word) => label.includes(word));
  });
}
