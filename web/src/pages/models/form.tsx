// The pages of the API model form: a new one, maybe begun as a duplicate or from a preset, and a stored one.
import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { apiModelsQuery, formatsQuery, useMe } from "@/api/queries";
import { type Format, presetsOf } from "@/lib/providers";
import { atLeast } from "@/lib/roles";
import { Steps } from "@/pages/setup/steps";
import { Failed } from "@/shell/page-failed";
import { text } from "@/text/en/form";
import { buttonClass } from "@/ui/button";
import { Empty, Loading, Page } from "@/ui/page";
import { ApiModelForm } from "./api-model-form";
import { fill, NOTHING_FILLED, sourceOfFormat, sourceOfPreset } from "./fill";
import { type ApiModel, blankValues, copyOf, valuesOf } from "./values";

export function NewApiModelPage() {
  const { copy, preset, first } = useSearch({ from: "/frame/models/api/new" });
  return (
    <FormPage title={text.newTitle} first={first !== undefined}>
      {(formats, others) => {
        const copied = copy ? others.find((each) => each.id === copy) : undefined;
        const begun = copied ? null : begin(formats, preset);
        return (
          <ApiModelForm
            key={`${copied?.id} ${preset}`}
            formats={formats}
            others={others}
            stored={null}
            initial={
              copied
                ? copyOf(
                    copied,
                    others.map((each) => each.prefix),
                  )
                : (begun?.replaced ?? blankValues())
            }
            filled={begun?.filled}
            copied={copied?.has_key}
            first={first !== undefined}
          />
        );
      }}
    </FormPage>
  );
}

export function EditApiModelPage() {
  const { id } = useParams({ from: "/frame/models/api/edit/$id" });
  return (
    <FormPage title={text.editTitle} id={id}>
      {(formats, others) => {
        const stored = others.find((each) => each.id === id);
        if (!stored) return <Empty action={<Back />}>{text.gone}</Empty>;
        // What somebody else saves meanwhile must not wipe what is being typed here.
        return <ApiModelForm key={id} formats={formats} others={others} stored={stored} initial={valuesOf(stored)} />;
      }}
    </FormPage>
  );
}

interface FormPageProps {
  title: string | ((name: string) => string);
  id?: string;
  first?: boolean;
  children: (formats: readonly Format[], others: readonly ApiModel[]) => ReactNode;
}

function FormPage({ title, id, first, children }: FormPageProps) {
  const edits = atLeast(useMe().role, "power_user");
  const formats = useQuery(formatsQuery);
  const others = useQuery(apiModelsQuery);
  const error = formats.error ?? others.error;
  const refetch = () => void Promise.all([formats.refetch(), others.refetch()]);
  const name = others.data?.find((each) => each.id === id)?.name ?? "";
  return (
    <Page
      title={typeof title === "string" ? title : title(name)}
      width="form"
      lead={first ? text.first : undefined}
      above={
        first ? (
          <Steps current={1} />
        ) : (
          <Link to="/models/" className="underline-offset-2 hover:underline">
            {text.models}
          </Link>
        )
      }
      actions={
        first ? (
          <Link to="/models/" className={buttonClass("quiet")}>
            {text.skip}
          </Link>
        ) : undefined
      }
    >
      {!edits ? (
        <Empty action={<Back />}>{text.mayNot}</Empty>
      ) : formats.data && others.data ? (
        children(formats.data, others.data)
      ) : error ? (
        <Failed error={error} again={refetch} what={text.what} />
      ) : (
        <Loading what={text.what} rows={6} />
      )}
    </Page>
  );
}

function begin(formats: readonly Format[], label: string | undefined) {
  const preset = presetsOf(formats).find((each) => each.label === label);
  const format = formats.find((each) => each.name === preset?.format) ?? formats[0];
  if (!format) return null;
  return fill(blankValues(), NOTHING_FILLED, preset ? sourceOfPreset(preset, format) : sourceOfFormat(format));
}

function Back() {
  return (
    <Link to="/models/" className={buttonClass()}>
      {text.models}
    </Link>
  );
}
