// What holds on this server: what an Admin may change here, the keys, and every setting with where it comes from.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { CapturePolicy } from "@/pages/settings/capture-policy";
import { Keys } from "@/pages/settings/keys";
import { settingsQuery } from "@/pages/settings/queries";
import { ServerSettings } from "@/pages/settings/server-settings";
import { Failed } from "@/shell/page-failed";
import { text } from "@/text/en/settings";
import { Loading, Page } from "@/ui/page";

export default function SettingsPage() {
  const { data, error, refetch } = useQuery(settingsQuery);
  return (
    <Page title={text.title} lead={text.lead}>
      {/* Each part is loaded by itself: one that does not answer must not take the others with it. */}
      {error ? (
        <Failed error={error} again={() => void refetch()} what={text.what} />
      ) : data ? (
        <Section title={text.captures} lead={text.capturesLead}>
          <CapturePolicy policy={data.policies.capture} />
        </Section>
      ) : (
        <Loading what={text.what} />
      )}
      <Section title={text.keys} lead={text.keysLead}>
        <Keys />
      </Section>
      {data ? (
        <Section title={text.server} lead={`${text.serverLead} ${text.version(data.version)}.`}>
          <ServerSettings settings={data.data} />
        </Section>
      ) : null}
    </Page>
  );
}

function Section({ title, lead, children }: { title: string; lead: string; children: ReactNode }) {
  return (
    <section className="border-line border-t py-6">
      <h2 className="font-semibold text-section">{title}</h2>
      <p className="mt-0.5 mb-4 max-w-[768px] text-ink-2">{lead}</p>
      {children}
    </section>
  );
}
