"""The text behind the key for help."""

HELP = """\
Above are the agents, below is what they say to each other, the newest last.
Tab moves between both, and so does a click.

  ↑ ↓ Home End  move; at the first message, older ones come
  Enter         read the message; of an agent: all about it
  w             write as user: to the agent under the cursor
  r             reply to the message: in its thread, to its sender
  t             the thread of the message
  p             all mail between its sender and its first recipient
  /             search
  y             why the agent's mail waits, and each attempt to notify it
  W             wake the agent again: another attempt, when it is safe
  g             go to the agent's tmux pane
  ?  q          this help; quit

In a message: n and p show the next one and the one before.
In a form: Tab to the next field, Ctrl-S sends, Esc keeps the draft.

Your own mail counts as read once its text was on the screen.
Looking at the mail of agents changes nothing.

Where a message is: unread, drained (its agent was shown it), acked,
dead (a dead letter), missing, unknown (a mailbox cannot be read).
Red needs you: an agent asks you something, or its mail waits for
something that only you can change.

"""
