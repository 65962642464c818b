"""The voice agent's own configuration, as Retell imports it: made from what the webhook answers to."""

from starter.agent.config import AgentFormat, Business, agent_config

__all__ = ["AgentFormat", "Business", "agent_config"]
