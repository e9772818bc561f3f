"""What the front server is told when it is started."""

from pydantic import BaseModel, ConfigDict, SecretStr

#: The variable of its environment that holds the settings as JSON: no other user can read it.
VARIABLE = "ENLIVEN_LAN"


class Settings(BaseModel):
    """Where it listens, what is behind it, and what of that it lets in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    port: int
    #: When it ends by itself, in seconds since 1970.
    closes_at: float
    #: The local AWS.
    upstream: str
    region: str
    secret_key: SecretStr
    api_id: str
    #: What the API has, as API Gateway writes it: "GET /stories/{story_id}".
    routes: tuple[str, ...]
    user_pool_id: str
    client_id: str
    uploads_bucket: str
    checks_bucket: str
    stories_bucket: str

    @property
    def host(self) -> str:
        """The one Host that requests may name."""
        return f"{self.address}:{self.port}"

    @property
    def origin(self) -> str:
        """Where phones begin."""
        return f"http://{self.host}"
