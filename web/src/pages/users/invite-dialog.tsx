// Making an invite, whose link is then shown once.
import { useState } from "react";
import { api, call } from "@/api/client";
import type { Role } from "@/lib/roles";
import { useSubmit } from "@/lib/use-submit";
import { LinkShown } from "@/pages/users/link-shown";
import { forgetPeople } from "@/pages/users/queries";
import { RoleField } from "@/pages/users/role-field";
import { text } from "@/text/en/users";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Notice } from "@/ui/notice";
import { Select } from "@/ui/select";

const DAYS = ["1", "3", "7", "30"] as const;

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const [role, setRole] = useState<Role>("user");
  const [note, setNote] = useState("");
  const [days, setDays] = useState<(typeof DAYS)[number]>("7");
  const [link, setLink] = useState<string>();
  const { busy, elsewhere, run } = useSubmit();
  const invite = async () => {
    const made = await call(api.POST("/bodhi/v1/invites", { body: { role, note, days: Number(days) } }));
    void forgetPeople();
    setLink(made.link);
  };
  if (link !== undefined) return <LinkShown link={link} onClose={onClose} />;
  return (
    <Dialog
      open
      onClose={onClose}
      title={text.inviteTitle}
      footer={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button type="submit" form="invite" look="primary" busy={busy}>
            {text.makeLink}
          </Button>
        </>
      }
    >
      <form
        id="invite"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void run(invite);
        }}
      >
        {elsewhere ? <Notice kind="danger" title={elsewhere} /> : null}
        <RoleField value={role} onChange={setRole} />
        <Field label={text.inviteNote} hint={text.inviteNoteHint}>
          {(ids) => <Input {...ids} maxLength={200} value={note} onChange={(event) => setNote(event.target.value)} />}
        </Field>
        <Field label={text.inviteDays}>
          {(ids) => (
            <Select
              {...ids}
              value={days}
              onChange={setDays}
              options={DAYS.map((value) => ({ value, label: text.days(Number(value)) }))}
            />
          )}
        </Field>
      </form>
    </Dialog>
  );
}
