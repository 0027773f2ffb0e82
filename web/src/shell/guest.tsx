// What somebody sees who is signed in and has no role yet: a way to ask for one, and what became of it.
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, call } from "@/api/client";
import { queryClient } from "@/api/queries";
import { signOut } from "@/shell/sign-out";
import { text } from "@/text/en/shell";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { TextArea } from "@/ui/input";
import { Notice } from "@/ui/notice";
import { Page } from "@/ui/page";

const mine = ["access-request", "mine"];

export function Guest() {
  const { data } = useQuery({
    queryKey: mine,
    queryFn: () => call(api.GET("/bodhi/v1/access-requests/mine")).catch(() => null),
    refetchInterval: 30_000,
  });
  const [note, setNote] = useState("");
  const request = useMutation({
    mutationFn: () => call(api.POST("/bodhi/v1/access-requests", { body: { note } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: mine }),
  });
  const state = data?.request?.state;
  return (
    <main id="content">
      <Page title={text.guestTitle} width="form" actions={<Button onClick={signOut}>{text.signOut}</Button>}>
        {state === "pending" ? (
          <Notice title={text.guestWaiting}>{text.guestWaitingBody}</Notice>
        ) : state === "approved" ? (
          <Notice kind="good" title={text.guestApproved}>
            {text.guestApprovedBody}
          </Notice>
        ) : (
          <form
            className="flex flex-col gap-4"
            onSubmit={(event) => {
              event.preventDefault();
              request.mutate();
            }}
          >
            <p>{text.guestBody}</p>
            {state === "rejected" ? <Notice kind="warn" title={text.guestRejected} /> : null}
            {request.error ? <Notice kind="danger" title={request.error.message} /> : null}
            <Field label={text.guestNote} hint={text.guestNoteHint}>
              {(ids) => (
                <TextArea {...ids} maxLength={500} value={note} onChange={(event) => setNote(event.target.value)} />
              )}
            </Field>
            <Button type="submit" look="primary" className="self-start" busy={request.isPending}>
              {text.guestAsk}
            </Button>
          </form>
        )}
      </Page>
    </main>
  );
}
