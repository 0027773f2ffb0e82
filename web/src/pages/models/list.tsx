// The list of api models: a table where there is room, cards where there is not.
import { useState } from "react";
import type { Format } from "@/lib/providers";
import { useNarrow } from "@/lib/use-narrow";
import { text } from "@/text/en/models";
import { Notice } from "@/ui/notice";
import { Table, Td, Th, Tr } from "@/ui/table";
import { ModelsCell, NameCell, TodayCell } from "./cells";
import { HealthCell } from "./health";
import { useStoredTest } from "./queries";
import { RowMenu } from "./row-menu";
import type { ApiModel } from "./values";

export interface ListProps {
  rows: readonly ApiModel[];
  all: readonly ApiModel[];
  formats: readonly Format[];
  /** Requests of today by id; null while that is not known. */
  today: ReadonlyMap<string | null, number> | null;
  /** Whether one may change api models. */
  edits: boolean;
}

export function List(props: ListProps) {
  const narrow = useNarrow(1120);
  const [testing, setTesting] = useState<ReadonlySet<string>>(new Set());
  const [announced, setAnnounced] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const test = useStoredTest();
  const run = async (api_model: ApiModel, model?: string) => {
    setTesting((before) => new Set(before).add(api_model.id));
    setProblem(null);
    try {
      const { ok, message, duration_ms } = await test.mutateAsync({ api_model, model });
      setAnnounced(text.tested(api_model.name, ok ? text.works(duration_ms) : message));
    } catch (error) {
      setProblem(text.tested(api_model.name, error instanceof Error ? error.message : String(error)));
    } finally {
      setTesting((before) => new Set([...before].filter((id) => id !== api_model.id)));
    }
  };
  const given: RowsProps = { ...props, testing, onTest: (model, id) => void run(model, id) };
  return (
    <>
      <p role="status" className="sr-only">
        {announced}
      </p>
      {problem ? <Notice kind="danger" title={problem} className="mb-3" /> : null}
      {narrow ? <Cards {...given} /> : <Rows {...given} />}
    </>
  );
}

interface RowsProps extends ListProps {
  testing: ReadonlySet<string>;
  onTest: (api_model: ApiModel, model?: string) => void;
}

function Rows({ rows, all, formats, today, edits, testing, onTest }: RowsProps) {
  return (
    <Table label={text.tableLabel} className="table-fixed">
      <colgroup>
        <col className="w-[27%]" />
        <col className="w-28" />
        <col className="w-22" />
        <col />
        <col className={edits ? "w-[16%]" : "w-[10%]"} />
        {edits ? <col className="w-14" /> : null}
      </colgroup>
      <thead>
        <tr>
          <Th>{text.name}</Th>
          <Th>{text.format}</Th>
          <Th>{text.prefix}</Th>
          <Th>{text.models}</Th>
          <Th>{edits ? text.health : <span className="sr-only">{text.usage}</span>}</Th>
          {edits ? (
            <Th>
              <span className="sr-only">{text.actions}</span>
            </Th>
          ) : null}
        </tr>
      </thead>
      <tbody>
        {rows.map((model) => (
          <Tr key={model.id}>
            <Td className="!py-2.5">
              <NameCell model={model} />
            </Td>
            <Td className="break-words">{labelOf(formats, model)}</Td>
            <Td className="break-all font-mono text-tag">{model.prefix}</Td>
            <Td>
              <ModelsCell model={model} />
            </Td>
            <Td>
              {edits ? <HealthCell model={model} testing={testing.has(model.id)} /> : null}
              <TodayCell model={model} calls={today ? (today.get(model.id) ?? 0) : undefined} />
            </Td>
            {edits ? (
              <Td className="!px-2">
                <RowMenu model={model} all={all} onTest={(id) => onTest(model, id)} />
              </Td>
            ) : null}
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

function Cards({ rows, all, formats, today, edits, testing, onTest }: RowsProps) {
  return (
    <ul aria-label={text.tableLabel} className="grid items-start gap-3 min-[860px]:grid-cols-2">
      {rows.map((model) => (
        <li key={model.id} className="min-w-0 rounded-card border border-line bg-surface p-4">
          <div className="flex items-start justify-between gap-2">
            <NameCell model={model} />
            {edits ? <RowMenu model={model} all={all} onTest={(id) => onTest(model, id)} /> : null}
          </div>
          <p className="mt-2 mb-2.5 text-ink-2">
            {labelOf(formats, model)}
            {model.prefix ? (
              <>
                {" · "}
                <code className="break-all font-mono text-tag">{model.prefix}</code>
              </>
            ) : null}
          </p>
          <ModelsCell model={model} />
          <div className="mt-3 flex flex-wrap items-center justify-between gap-x-4 border-line border-t pt-2">
            {edits ? <HealthCell model={model} testing={testing.has(model.id)} /> : null}
            <TodayCell model={model} calls={today ? (today.get(model.id) ?? 0) : undefined} />
          </div>
        </li>
      ))}
    </ul>
  );
}

function labelOf(formats: readonly Format[], model: ApiModel): string {
  return formats.find((each) => each.name === model.format)?.label ?? model.format;
}
