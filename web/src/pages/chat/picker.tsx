// The quick switch of models: search, favourites and recent ones on top, the rest by API model. It asks no provider.
import { Popover } from "@base-ui/react/popover";
import clsx from "clsx";
import { Check, ChevronsUpDown, Star, TriangleAlert } from "lucide-react";
import { type KeyboardEvent, useId, useMemo, useRef, useState } from "react";
import { type ApiModel, type Choice, findChoice, groupsOf, readKey, search } from "@/chat/models";
import { usePreferences } from "@/lib/preferences";
import { text } from "@/text/en/chat";
import { controlClass } from "@/ui/input";

/** More rows than anybody reads; the search narrows them. */
const MOST = 200;

export interface PickerProps {
  apiModels: readonly ApiModel[];
  chosen: string | undefined;
  onChoose: (choice: Choice) => void;
  open: boolean;
  onOpen: (open: boolean) => void;
  /** As a control of a form, or as a word in the composer. */
  look: "control" | "word";
  id?: string;
}

interface Section {
  title: string;
  note?: string;
  broken?: string | null;
  star?: boolean;
  choices: Choice[];
}

export function Picker({ apiModels, chosen, onChoose, open, onOpen, look, id }: PickerProps) {
  return (
    <Popover.Root open={open} onOpenChange={onOpen}>
      <Popover.Trigger
        id={id}
        aria-label={`${text.model}: ${chosen ?? text.chooseModel}`}
        className={clsx(
          "flex min-w-0 max-w-full items-center gap-2 font-mono text-hint",
          look === "control"
            ? clsx(controlClass, "h-9 justify-between px-3")
            : "h-8 rounded-control px-2 text-ink-2 hover:bg-sunken hover:text-ink",
        )}
      >
        <span className="truncate">{chosen ?? text.chooseModel}</span>
        <ChevronsUpDown aria-hidden size={13} className="shrink-0 text-ink-2" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner
          positionMethod="fixed"
          sideOffset={6}
          align="start"
          side={look === "control" ? "bottom" : "top"}
          className="z-50 w-[min(380px,calc(100vw-24px))]"
          collisionPadding={12}
        >
          <Popover.Popup
            aria-label={text.chooseModel}
            className="flex max-h-[min(26rem,var(--available-height))] flex-col overflow-hidden rounded-card border border-line bg-surface shadow-float outline-none"
          >
            <List
              apiModels={apiModels}
              chosen={chosen}
              onChoose={(choice) => {
                onChoose(choice);
                onOpen(false);
              }}
            />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

function List({ apiModels, chosen, onChoose }: Pick<PickerProps, "apiModels" | "chosen" | "onChoose">) {
  const preferences = usePreferences();
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const list = useId();
  const { sections, hidden } = useMemo(
    () => limited(sectionsOf(apiModels, typed, preferences?.favourites ?? [], preferences?.recent ?? [])),
    [apiModels, typed, preferences],
  );
  const flat = sections.flatMap((section) => section.choices);
  const at = Math.min(active, flat.length - 1);

  const go = (to: number) => {
    setActive(to);
    box.current?.querySelectorAll("[role=option]")[to]?.scrollIntoView({ block: "nearest" });
  };
  const press = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 8, PageUp: at - 8 };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      if (flat.length) go(Math.max(0, Math.min(flat.length - 1, step)));
    } else if (event.key === "Enter") {
      event.preventDefault();
      const choice = flat[at];
      if (choice && !choice.broken) onChoose(choice);
    }
  };
  let position = -1;
  return (
    <>
      <div className="border-line border-b p-2">
        <input
          type="text"
          role="combobox"
          aria-label={text.searchModels}
          placeholder={text.searchModels}
          aria-expanded
          aria-controls={list}
          aria-activedescendant={at >= 0 ? `${list}-${at}` : undefined}
          autoComplete="off"
          spellCheck={false}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setActive(0);
          }}
          onKeyDown={press}
          className={clsx(controlClass, "h-9 px-3")}
        />
      </div>
      <div
        ref={box}
        id={list}
        role="listbox"
        aria-label={text.model}
        tabIndex={-1}
        className="relative overflow-y-auto p-1"
      >
        {sections.map((section, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: API models may bear the same name, and sections hold no state.
          <div key={place} role="group" aria-label={section.title}>
            <p aria-hidden className="flex items-center gap-1.5 px-2.5 pt-2 pb-1 text-hint text-ink-2">
              {section.star ? <Star size={12} fill="currentColor" /> : null}
              <span className="truncate">{section.title}</span>
              {section.note ? <span className="truncate text-tag">· {section.note}</span> : null}
            </p>
            {section.choices.map((choice) => {
              position += 1;
              const here = position;
              return (
                // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the search field's, which keeps the focus.
                <div
                  key={choice.key}
                  id={`${list}-${here}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={here === at}
                  aria-disabled={choice.broken ? true : undefined}
                  onClick={() => !choice.broken && onChoose(choice)}
                  onMouseMove={() => here !== at && setActive(here)}
                  className={clsx(
                    "flex min-h-8 cursor-pointer items-center gap-2 rounded-[6px] px-2.5 font-mono text-hint aria-disabled:text-ink-2",
                    here === at && "bg-sunken",
                  )}
                >
                  {/* Marks piled on one letter can be wider than the list, and nothing breaks them: they are cut. */}
                  <span className="min-w-0 flex-1 overflow-x-clip break-all">{choice.id}</span>
                  {section.star || section.title === text.recent ? (
                    <span className="max-w-28 shrink-0 truncate font-sans text-ink-2 text-tag">
                      {choice.apiModelName}
                    </span>
                  ) : null}
                  {choice.broken ? (
                    <span className="inline-flex shrink-0 items-center gap-1 font-sans text-tag text-warn">
                      <TriangleAlert aria-hidden size={12} />
                      {text.broken}
                    </span>
                  ) : null}
                  {choice.id === chosen ? <Check aria-hidden size={14} className="shrink-0 text-accent" /> : null}
                </div>
              );
            })}
          </div>
        ))}
        {flat.length === 0 ? <p className="px-2.5 py-3 text-hint text-ink-2">{text.noModelFound}</p> : null}
        {hidden > 0 ? <p className="px-2.5 py-2 text-hint text-ink-2">{text.more(hidden)}</p> : null}
      </div>
      <p role="status" className="sr-only">
        {text.found(flat.length)}
      </p>
    </>
  );
}

function sectionsOf(apiModels: readonly ApiModel[], typed: string, favourites: string[], recent: string[]): Section[] {
  const groups = groupsOf(apiModels);
  const wanted = typed.trim();
  const known = (keys: string[]) =>
    keys
      .map((key) => readKey(key))
      .map((key) => findChoice(apiModels, key.id, key.apiModelId))
      .filter((choice) => choice !== undefined)
      .filter((choice) => choice.id.toLowerCase().includes(wanted.toLowerCase()));
  const sections: Section[] = [
    { title: text.favourites, star: true, choices: known(favourites) },
    { title: text.recent, choices: known(recent.filter((key) => !favourites.includes(key))) },
  ];
  const listed = search(groups, wanted);
  sections.push(...listed.map(({ name, broken, choices }) => ({ title: name, broken, choices })));
  const typedChoice = wanted ? findChoice(apiModels, wanted) : undefined;
  if (typedChoice && !listed.some((group) => group.choices.some((each) => each.id === wanted))) {
    sections.push({ title: typedChoice.apiModelName, note: text.passedOn, choices: [typedChoice] });
  }
  const forwarding = groups.filter((group) => group.forwards !== null && !wanted);
  const shown = new Set(sections.map((section) => section.title));
  for (const group of forwarding) {
    const section = sections.find((each) => each.title === group.name);
    if (section) section.note = text.forwards(group.forwards ?? "");
    else if (!shown.has(group.name)) {
      sections.push({ title: group.name, note: text.forwards(group.forwards ?? ""), choices: [] });
    }
  }
  return sections.filter((section) => section.choices.length > 0 || section.note);
}

function limited(sections: Section[]): { sections: Section[]; hidden: number } {
  let room = MOST;
  let hidden = 0;
  const kept = sections.map((section) => {
    const choices = section.choices.slice(0, room);
    hidden += section.choices.length - choices.length;
    room -= choices.length;
    return { ...section, choices };
  });
  return { sections: kept.filter((section) => section.choices.length > 0 || section.note), hidden };
}
