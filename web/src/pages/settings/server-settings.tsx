// Every setting of the server by group, with its value and where that comes from. Secrets say only that they are set.
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { Setting } from "@/pages/settings/queries";
import { text } from "@/text/en/settings";
import { Badge } from "@/ui/badge";
import { CopyButton } from "@/ui/copy-button";
import { Empty } from "@/ui/page";
import { SearchInput } from "@/ui/search-input";
import { Table, Td, Th, Tr } from "@/ui/table";

export function ServerSettings({ settings }: { settings: readonly Setting[] }) {
  const { q } = useSearch({ from: "/frame/settings" });
  const navigate = useNavigate({ from: "/settings" });
  const wanted = (q ?? "").toLowerCase();
  const found = settings.filter(({ env, doc }) => `${env} ${doc}`.toLowerCase().includes(wanted));
  const groups = [...new Set(found.map((setting) => setting.group))];
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center justify-between gap-3">
        <SearchInput
          label={text.search}
          className="w-full sm:w-72"
          value={q ?? ""}
          onChange={({ target }) => void navigate({ search: { q: target.value || undefined }, replace: true })}
        />
        <CopyButton spelled size="normal" label={text.copy} text={() => asEnvironmentFile(settings)} />
      </div>
      {groups.length === 0 ? <Empty>{text.nothing}</Empty> : null}
      {groups.map((group) => (
        <div key={group} className="mb-6">
          <h3 className="mb-2 font-medium">{group}</h3>
          <Table label={text.tableLabel(group)} className="min-w-[640px]">
            <thead>
              <tr>
                <Th className="w-1/2">{text.setting}</Th>
                <Th>{text.value}</Th>
                <Th>{text.source}</Th>
              </tr>
            </thead>
            <tbody>
              {found
                .filter((setting) => setting.group === group)
                .map((setting) => (
                  <Tr key={setting.env}>
                    <Td>
                      <span className="block break-all font-mono text-hint">{setting.env}</span>
                      <span className="block text-hint text-ink-2">{setting.doc}</span>
                    </Td>
                    <Td className="max-w-80 break-all font-mono text-hint">
                      {setting.value ?? <span className="font-sans text-ink-2">{text.unset}</span>}
                      {setting.source !== "default" && setting.default !== null ? (
                        <span className="block font-sans text-ink-2">
                          {text.defaultIs(setting.default || text.empty)}
                        </span>
                      ) : null}
                    </Td>
                    <Td>
                      <Badge kind={setting.source === "default" ? "plain" : "good"}>
                        {text.sources[setting.source] ?? setting.source}
                      </Badge>
                    </Td>
                  </Tr>
                ))}
            </tbody>
          </Table>
        </div>
      ))}
    </>
  );
}

/** What was set otherwise than by default, as lines to put into an environment file. */
function asEnvironmentFile(settings: readonly Setting[]): string {
  return settings
    .filter((setting) => setting.source !== "default" && setting.value !== null)
    .map((setting) => `${setting.env}=${setting.value}\n`)
    .join("");
}
