"""What is announced of stories on the event bus, by name: docs/api.md says what for."""

STORIES_SOURCE = "enliven.stories"
STORY_CLOSED, STORY_DELETED = "Enliven Story Closed", "Enliven Story Deleted"
STORY_REPORTED, STORY_APPEALED = "Enliven Story Reported", "Enliven Story Appealed"
STORY_DECIDED = "Enliven Story Decided"
#: What settle_story tells once a story has ended, or waits for a person; READY tells itself.
STORY_ENDED = {
    "REJECTED": "Enliven Story Rejected",
    "FAILED": "Enliven Story Failed",
    "EXPIRED": "Enliven Story Expired",
    "UNDER_REVIEW": "Enliven Story Held",
}
