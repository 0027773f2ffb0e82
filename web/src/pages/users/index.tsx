// People, invites and access requests, as views of one page.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { UserPlus } from "lucide-react";
import { useState } from "react";
import { InviteDialog } from "@/pages/users/invite-dialog";
import { Invites } from "@/pages/users/invites";
import { People } from "@/pages/users/people";
import { requestsQuery } from "@/pages/users/queries";
import { Requests } from "@/pages/users/requests";
import { text } from "@/text/en/users";
import { Button } from "@/ui/button";
import { Page } from "@/ui/page";
import { Tabs } from "@/ui/tabs";

export default function UsersPage() {
  const { tab = "people" } = useSearch({ from: "/frame/users" });
  const navigate = useNavigate({ from: "/users" });
  const [inviting, setInviting] = useState(false);
  const { data } = useInfiniteQuery(requestsQuery);
  const open = data?.pages.flatMap((page) => page.data).filter((each) => each.state === "pending").length ?? 0;
  return (
    <Page
      title={text.title}
      actions={
        <Button look="primary" icon={<UserPlus aria-hidden size={16} />} onClick={() => setInviting(true)}>
          {text.invite}
        </Button>
      }
    >
      <Tabs
        label={text.views}
        value={tab}
        onChange={(next) => void navigate({ search: next === "people" ? {} : { tab: next } })}
        tabs={[
          { value: "people", label: text.people, content: <View>{<People />}</View> },
          { value: "invites", label: text.invites, content: <View>{<Invites />}</View> },
          { value: "requests", label: text.requests(open), content: <View>{<Requests />}</View> },
        ]}
      />
      {inviting ? <InviteDialog onClose={() => setInviting(false)} /> : null}
    </Page>
  );
}

function View({ children }: { children: React.ReactNode }) {
  return <div className="pt-4">{children}</div>;
}
