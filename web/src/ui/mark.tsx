// The mark: a gate seen through a gate.
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      strokeWidth="2.4"
      strokeLinecap="round"
    >
      <path d="M4 21V11a8 8 0 0 1 16 0v10" stroke="currentColor" />
      <path d="M9 21v-9a3 3 0 0 1 6 0v9" className="stroke-accent" />
    </svg>
  );
}
