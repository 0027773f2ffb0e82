import { Page } from "@/ui/page";

export default function InvitePage() {
  return <Page title="Invite">{null}</Page>;
}
