"""Calls about localities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from envrules.client.connection import Connection
from envrules.client.messages import Overrides, override_messages
from envrules.v1 import locality_service_pb2


class LocalityCalls(Connection):
    """Create localities and see how they are doing."""

    def create_locality(
        self, locality: str, title: str, timezone: str, schemes: Sequence[str] = (),
        overrides: Mapping[str, Overrides] | None = None,
    ) -> locality_service_pb2.Locality:  # fmt: skip
        """Create a locality judged by `schemes`, with overrides for some of them; idempotent."""
        own = overrides or {}
        response = self._call(
            self.locality_stub.CreateLocality,
            locality_service_pb2.CreateLocalityRequest(
                locality=locality, title=title, timezone=timezone,
                schemes=(
                    locality_service_pb2.SchemeBinding(
                        scheme=scheme, overrides=override_messages(own.get(scheme, {}))
                    )
                    for scheme in schemes
                ),
            ),
        )  # fmt: skip
        return response.locality

    def locality(self, locality: str) -> locality_service_pb2.Locality:
        """Return a locality and how it is doing."""
        request = locality_service_pb2.GetLocalityRequest(locality=locality)
        return self._call(self.locality_stub.GetLocality, request).locality

    def list_localities(self) -> Iterator[locality_service_pb2.Locality]:
        """Yield all localities."""
        request = locality_service_pb2.ListLocalitiesRequest()
        yield from self._pages(self.locality_stub.ListLocalities, request, "localities")

    def skip(self, locality: str, seq: int, reason: str) -> int:
        """Let a stalled locality go on without log entry `seq`; return the act's log entry."""
        request = locality_service_pb2.SkipEntryRequest(locality=locality, seq=seq, reason=reason)
        return int(self._call(self.locality_stub.SkipEntry, request).seq)
