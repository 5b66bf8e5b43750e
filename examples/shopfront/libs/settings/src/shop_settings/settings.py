"""Settings come from three places; a later one wins: the defaults that ship with the code, a YAML file that
`SHOP_SETTINGS` names, and variables such as `SHOP_DATABASE_URL`."""

from __future__ import annotations

from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

Rate = Annotated[Decimal, Field(ge=0, lt=1)]


class SettingsLocation(BaseSettings):
    """Where the team keeps its own settings, if it does."""

    model_config = SettingsConfigDict(env_prefix="SHOP_")

    settings: Path | None = None


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_", env_ignore_empty=True, extra="forbid", frozen=True)

    currency: str = Field(pattern="^[A-Z]{3}$")
    database_url: str
    free_shipping_from: Decimal
    log_level: str
    otlp_endpoint: str | None
    receipt_key: str | None
    shipping: Decimal
    vat: dict[str, Rate]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


def load_settings() -> Settings:
    """Read the settings of this process."""
    values = _mapping(files("shop_settings").joinpath("defaults.yaml").read_text("utf-8"))
    location = SettingsLocation().settings
    if location is not None:
        values |= _mapping(location.read_text("utf-8"))
    return Settings(**values)  # type: ignore[arg-type]  # pydantic checks the values


def _mapping(text: str) -> dict[str, object]:
    values = yaml.safe_load(text)
    if not isinstance(values, dict):
        raise ValueError("settings are a mapping of names to values")
    return {str(name): value for name, value in values.items()}
