// What is asked before something is done to a person.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, call } from "@/api/client";
import { meQuery, queryClient, useMe } from "@/api/queries";
import { atLeast, type Role } from "@/lib/roles";
import { useSubmit } from "@/lib/use-submit";
import { LinkShown } from "@/pages/users/link-shown";
import { forgetPeople, type Person } from "@/pages/users/queries";
import { RoleField } from "@/pages/users/role-field";
import { text } from "@/text/en/users";
import { Button } from "@/ui/button";
import { Confirm, Dialog } from "@/ui/dialog";
import { Notice } from "@/ui/notice";
import { Switch } from "@/ui/switch";
import { toast } from "@/ui/toast";

export interface AskedOfPerson {
  kind: "change" | "reset" | "disable" | "enable" | "remove";
  person: Person;
}

export interface PersonDialogsProps {
  asked: AskedOfPerson;
  onAsk: (asked: AskedOfPerson | null) => void;
}

export function PersonDialogs({ asked: { kind, person }, onAsk }: PersonDialogsProps) {
  const close = () => onAsk(null);
  switch (kind) {
    case "change":
      return <Change person={person} onClose={close} />;
    case "reset":
      return <Reset person={person} onClose={close} />;
    case "remove":
      return <Remove person={person} onClose={close} />;
    case "disable":
      return (
        <Confirm
          open
          onClose={close}
          title={text.disableTitle(person.name)}
          action={text.disable}
          onConfirm={() => change(person, { disabled: true })}
        >
          {text.disableBody}
        </Confirm>
      );
    case "enable":
      return <Enable person={person} onClose={close} />;
  }
}

async function change(person: Person, body: { disabled?: boolean; role?: string; reads_captures?: boolean }) {
  await call(api.PATCH("/bodhi/v1/users/{user_id}", { params: { path: { user_id: person.id } }, body }));
  await forgetPeople();
  await queryClient.invalidateQueries({ queryKey: meQuery.queryKey });
  toast(text.saved);
}

/** Nothing to ask here: it is undone as quickly. */
function Enable({ person, onClose }: { person: Person; onClose: () => void }) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: sent once, when the action was chosen.
  useEffect(() => {
    change(person, { disabled: false }).catch((error: Error) => toast(error.message));
    onClose();
  }, []);
  return null;
}

function Change({ person, onClose }: { person: Person; onClose: () => void }) {
  const me = useMe();
  const [role, setRole] = useState(person.role as Role);
  const [reads, setReads] = useState(person.reads_captures);
  const { busy, elsewhere, run } = useSubmit();
  const save = async () => {
    await change(person, {
      ...(role === person.role ? {} : { role }),
      ...(reads === person.reads_captures ? {} : { reads_captures: reads }),
    });
    onClose();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={text.changeTitle(person.name)}
      description={text.changeBody}
      footer={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button look="primary" busy={busy} onClick={() => run(save)}>
            {text.save}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {elsewhere ? <Notice kind="danger" title={elsewhere} /> : null}
        <RoleField value={role} onChange={setRole} withGuest />
        {atLeast(me.role, "admin") ? (
          <Switch checked={reads} onChange={setReads} label={text.capturesSwitch} hint={text.capturesHint} />
        ) : null}
      </div>
    </Dialog>
  );
}

function Reset({ person, onClose }: { person: Person; onClose: () => void }) {
  const [link, setLink] = useState<string>();
  const make = async () => {
    const params = { path: { user_id: person.id } };
    const made = await call(api.POST("/bodhi/v1/users/{user_id}/password-reset", { params }));
    setLink(made.link);
  };
  if (link !== undefined) return <LinkShown link={link} onClose={onClose} />;
  return (
    <Confirm
      open
      // Closing after the link was made would lose it: what is open then is the link.
      onClose={() => setLink((made) => (made === undefined ? void onClose() : made))}
      title={text.resetTitle(person.name)}
      action={text.makeLink}
      danger={false}
      onConfirm={make}
    >
      {text.resetBody}
    </Confirm>
  );
}

function Remove({ person, onClose }: { person: Person; onClose: () => void }) {
  const { data, isPending } = useQuery({
    // Not under the list's key: what is read anew after the deletion is the list, and this person is in it no more.
    queryKey: ["person", person.id],
    gcTime: 0,
    queryFn: () => call(api.GET("/bodhi/v1/users/{user_id}", { params: { path: { user_id: person.id } } })),
  });
  const remove = async () => {
    await call(api.DELETE("/bodhi/v1/users/{user_id}", { params: { path: { user_id: person.id } } }));
    await forgetPeople();
  };
  return (
    <Confirm
      open
      onClose={onClose}
      title={text.removeTitle(person.name)}
      action={text.remove}
      ready={!isPending}
      onConfirm={remove}
    >
      {data ? text.removeBody(data.live_tokens, data.live_sessions) : null}
    </Confirm>
  );
}
