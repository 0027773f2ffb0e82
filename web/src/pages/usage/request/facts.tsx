// What is known of a request, in a grid.
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { bytes, count, money } from "@/lib/format";
import type { Place } from "@/pages/usage/request/curl";
import type { OneCall } from "@/pages/usage/request/queries";
import { text } from "@/text/en/request";
import { Notice } from "@/ui/notice";

export function Facts({ call, place }: { call: OneCall; place: Place | null }) {
  const renamed = call.model_sent && call.model_asked && call.model_sent !== call.model_asked;
  const tokens = [
    call.cached_tokens ? text.cached(call.cached_tokens) : "",
    call.cache_write_tokens ? text.written(call.cache_write_tokens) : "",
    call.reasoning_tokens ? text.reasoning(call.reasoning_tokens) : "",
  ].filter(Boolean);
  return (
    <>
      {call.error ? (
        <Notice
          kind={call.error === "client_left" ? "info" : call.status >= 500 ? "danger" : "warn"}
          title={failure(call.error)}
          actions={
            <Link
              to="/usage/"
              search={{ error: call.error, span: "7d" }}
              hash="requests"
              className="text-hint underline underline-offset-2"
            >
              {text.whatItMeans}
            </Link>
          }
        />
      ) : null}
      <section aria-label={text.facts} className="rounded-card border border-line bg-surface px-4 py-4">
        <dl className="grid grid-cols-2 gap-x-4 gap-y-3.5 lg:grid-cols-3">
          <Fact name={text.model} more={renamed ? text.sentAs(call.model_sent ?? "") : null}>
            {call.model_asked ?? text.noModel}
          </Fact>
          <Fact name={text.apiModel} more={call.format}>
            {call.api_model_name ?? (call.api_model_id ? text.gone(call.api_model_id) : text.noApiModel)}
          </Fact>
          <Fact name={text.endpoint} more={call.endpoint}>
            {place ? `${place.method} ${place.shown}` : text.unknownEndpoint}
          </Fact>
          <Fact name={text.token}>{call.token_name ?? (call.token_id ? text.gone(call.token_id) : text.noToken)}</Fact>
          {call.user_name === null && call.user_id !== null ? null : (
            <Fact name={text.user}>{call.user_name ?? text.noToken}</Fact>
          )}
          <Fact name={text.tokens} more={tokens.join(" · ")}>
            {text.inOut(count(call.input_tokens), count(call.output_tokens))}
          </Fact>
          <Fact name={text.cost} more={call.cost_nano === null ? text.unpriced : null}>
            <span title={call.cost_usd ? `$${call.cost_usd}` : undefined}>{money(call.cost_nano)}</span>
          </Fact>
          <Fact name={text.finish}>{call.finish ?? "–"}</Fact>
          <Fact name={text.size} more={call.stream ? text.stream : text.whole}>
            {text.inOut(bytes(call.bytes_in), bytes(call.bytes_out))}
          </Fact>
        </dl>
      </section>
    </>
  );
}

function Fact({ name, more, children }: { name: string; more?: string | null; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-hint text-ink-2">{name}</dt>
      <dd className="break-words font-medium tabular">
        <span className="block">{children}</span>
        {more ? <span className="block break-words font-normal text-hint text-ink-2">{more}</span> : null}
      </dd>
    </div>
  );
}

function failure(code: string): string {
  const known = text.failures[code];
  if (known) return known;
  return code.startsWith("upstream_") && /\d$/.test(code) ? text.upstream(code.slice(9)) : text.refused(code);
}
