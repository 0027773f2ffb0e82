// The chat page: conversations, the one that is read, its settings; what has no room becomes a sheet.
import { useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { Room } from "@/pages/chat/room";

export default function ChatPage() {
  const { chat, model, api_model_id } = useSearch({ from: "/frame/chat" });
  const asked = useMemo(
    () => (model ? { id: model, apiModelId: api_model_id ?? "" } : undefined),
    [model, api_model_id],
  );
  // A model that is asked for is a new chat with it; several in a row are several chats.
  return <Room id={chat} asked={asked} />;
}
