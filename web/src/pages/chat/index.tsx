import { Page } from "@/ui/page";

export default function ChatPage() {
  return <Page title="Chat">{null}</Page>;
}
