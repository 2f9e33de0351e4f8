"""Tokens against a real LiveKit: who gets one, what it allows, and what it does not."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Awaitable, Callable

import jwt
import pytest
from alex_web import livekit as livekit_module
from livekit import api, rtc
from livekit_server import LiveKitServer
from web.agent_pod import AgentPod
from web.front_door import FrontDoor

Open = Callable[..., Awaitable[FrontDoor]]


async def test_room_exists_with_agent_when_token_arrives(door: FrontDoor, livekit: LiveKitServer) -> None:
    """A token names a room that exists, empty for twenty seconds, with exactly one agent asked for."""
    answer = await door.token()

    assert answer.status == 201
    assert answer.json["server_url"] == livekit.url
    async with livekit.api() as admin:
        (room,) = (await admin.room.list_rooms(api.ListRoomsRequest(names=[answer.room]))).rooms
        dispatches = await admin.agent_dispatch.list_dispatch(answer.room)
    assert (room.empty_timeout, room.departure_timeout, room.max_participants) == (20, 20, 1)
    assert [dispatch.agent_name for dispatch in dispatches] == ["alex"]


async def test_room_can_wait_as_long_as_a_call(open_door: Open, livekit: LiveKitServer) -> None:
    """Where another LiveKit node may have to take a room over, a room counts as unused only after a whole call."""
    door = await open_door(ALEX_ROOM_EMPTY_SECONDS="3720")
    answer = await door.token()

    async with livekit.api() as admin:
        (room,) = (await admin.room.list_rooms(api.ListRoomsRequest(names=[answer.room]))).rooms
    assert (room.empty_timeout, room.departure_timeout) == (3720, 20)


async def test_token_grants_the_least(door: FrontDoor) -> None:
    """A token allows one identity to speak, hear and type in one room for two minutes, and nothing else."""
    claims = (await door.token()).claims

    assert claims.pop("exp") - claims.pop("nbf") == 120
    identity = claims.pop("sub")
    room = claims["video"].pop("room")
    assert claims == {
        "iss": "devkey",
        "video": {
            "roomJoin": True,
            "canPublish": True,
            "canPublishSources": ["microphone"],
            "canSubscribe": True,
            "canPublishData": True,
            "canUpdateOwnMetadata": False,
        },
    }
    assert re.fullmatch(r"call-[\w-]{24}\.[\w-]{12}", room, re.ASCII)  # 18 random bytes in base64, and whose it is
    assert len(identity.removeprefix("caller-")) == 24


async def test_names_never_repeat(open_door: Open, pod: AgentPod) -> None:
    """Rooms and identities of different calls differ."""
    pod.slots = 50
    door = await open_door()
    claims = [(await door.token()).claims for _ in range(50)]

    assert len({c["video"]["room"] for c in claims}) == len({c["sub"] for c in claims}) == 50


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("room_name", "my-room"),
        ("participant_identity", "me"),
        ("participant_metadata", "{}"),
        ("participant_attributes", {"a": "b"}),
    ],
)
async def test_choice_is_refused_until_allowed(
    open_door: Open, livekit: LiveKitServer, field: str, value: object
) -> None:
    """By default a caller chooses nothing but a display name; the refusal names the field and the chart value."""
    refused = await (await open_door()).token({field: value})
    choice = {"room_name": "room"}.get(field, field.rpartition("_")[2])
    allowed = await (await open_door(ALEX_CALLER_MAY=f"name,{choice}")).token({field: value})

    assert (refused.status, refused.kind) == (403, "not-yours-to-choose")
    assert field in refused.json["detail"]
    assert "web.callerMay" in refused.json["detail"]
    assert f'"{choice}"' in refused.json["detail"]
    assert allowed.status == 201
    claims = allowed.claims
    assert value in (claims["sub"], claims["video"]["room"], claims.get("metadata"), claims.get("attributes"))
    async with livekit.api() as admin:
        await admin.room.delete_room(api.DeleteRoomRequest(room=allowed.room))


async def test_display_name_is_the_callers(open_door: Open) -> None:
    """A caller may say how it wants to be called, unless the operator allows nothing at all."""
    named = await (await open_door()).token({"participant_name": "  Zoë 👩‍🚀 "})
    refused = await (await open_door(ALEX_CALLER_MAY="none")).token({"participant_name": "Zoë"})

    assert named.claims["name"] == "Zoë 👩‍🚀"
    assert refused.status == 403


async def test_empty_fields_are_no_choice(door: FrontDoor) -> None:
    """Fields that a client library sends empty count as left out."""
    answer = await door.token(
        {
            "room_name": "",
            "participant_identity": "",
            "participant_name": "",
            "participant_metadata": "",
            "participant_attributes": {},
            "room_config": None,
        }
    )

    assert answer.status == 201


async def test_room_config_is_never_the_callers(open_door: Open) -> None:
    """Nobody brings agents of their own by room configuration, whatever the operator allows."""
    door = await open_door(ALEX_CALLER_MAY="name,identity,room,metadata,attributes")
    answer = await door.token({"room_config": {"agents": [{"agent_name": "mine"}]}})

    assert (answer.status, answer.kind) == (403, "not-yours-to-choose")
    assert "room_config" in answer.json["detail"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"room_name": "x" * 10_000}, "room_name: must be 1 to 128"),
        ({"room_name": "../../etc"}, "room_name: must be"),
        ({"room_name": ".."}, "room_name: must be"),
        ({"room_name": "a b"}, "room_name: must be"),
        ({"room_name": "röom"}, "room_name: must be"),
        ({"room_name": "a\n"}, "room_name: must be"),
        ({"room_name": "a\x00"}, "room_name: must be"),
        ({"room_name": 7}, "room_name: Input should be a valid string"),
        ({"participant_identity": "alex"}, "participant_identity: is reserved"),
        ({"participant_identity": "Alex"}, "participant_identity: is reserved"),
        ({"participant_identity": "agent-AJ_1"}, "participant_identity: is reserved"),
        ({"participant_name": "x" * 129}, "participant_name: must have at most 128"),
        ({"participant_name": "gp\u202eexe"}, "participant_name: must not hold"),
        ({"participant_name": "a\u200bb"}, "participant_name: must not hold"),
        ({"participant_name": "a\x00"}, "participant_name: must not hold"),
        ({"participant_metadata": "x" * 2049}, "participant_metadata: String should have at most 2048"),
        ({"participant_attributes": {"lk.agent.state": "speaking"}}, "reserved for LiveKit"),
        ({"participant_attributes": {"a": 1}}, "participant_attributes.a: Input should be a valid string"),
        ({"participant_attributes": {"a": "x" * 257}}, "at most 256"),
        ({"participant_attributes": {f"k{i}": "" for i in range(17)}}, "at most 16 items"),
        ({"grants": {"roomAdmin": True}}, "grants: Extra inputs are not permitted"),
        ([], "the body: Input should be an object"),
    ],
)
async def test_unacceptable_value_is_named(open_door: Open, body: object, says: str) -> None:
    """What cannot be used is refused with the field and the rule, and without repeating the value."""
    door = await open_door(ALEX_CALLER_MAY="name,identity,room,metadata,attributes")
    answer = await door.token(body)

    assert (answer.status, answer.kind) == (400, "invalid-request")
    assert says in answer.json["detail"]
    assert len(answer.body) < 1000


@pytest.mark.parametrize("body", [b"hello", b"{", b"\xff\xfe", b'{"a":1}{"b":2}', b"nul"])
async def test_body_that_is_not_json_is_refused(door: FrontDoor, body: bytes) -> None:
    """A body that says it is JSON and is not gets 400 and plain words."""
    answer = await door.token(data=body, headers={"Content-Type": "application/json"})

    assert answer.status == 400
    assert "not valid JSON" in answer.json["detail"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_body_of_another_type_is_refused(door: FrontDoor, kind: str) -> None:
    """What a form could send from anywhere is not taken for JSON."""
    answer = await door.token(data=b"{}", headers={"Content-Type": kind})

    assert (answer.status, answer.kind) == (415, "not-json")


async def test_large_body_is_refused(door: FrontDoor) -> None:
    """A body over 16 KiB is refused, whether its length is announced or not."""
    announced = await door.token({"participant_metadata": "x" * 20_000})
    async with door.app.test_client().request("/api/token", method="POST") as connection:
        for _ in range(20):
            await connection.send(b"x" * 1000)
        await connection.send_complete()
    streamed = await connection.as_response()

    assert announced.status == streamed.status_code == 413


async def test_last_slot_goes_to_one(open_door: Open, pod: AgentPod) -> None:
    """200 requests at once for three free slots give three tokens; the others are told when to come back."""
    pod.slots = 3
    door = await open_door()
    client = door.app.test_client()
    answers = await asyncio.gather(*(client.post("/api/token") for _ in range(200)))
    refused = await door.token()

    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [503] * 197
    assert (refused.status, refused.kind) == (503, "full")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


async def test_no_agent_pod_means_no_token(open_door: Open, pod: AgentPod) -> None:
    """Without an agent pod nobody gets into a room where nobody will come."""
    await pod.die()
    answer = await (await open_door()).token()

    assert (answer.status, answer.kind) == (503, "no-agents")
    assert answer.headers["Retry-After"]


async def test_livekit_that_says_nothing_is_not_waited_for(open_door: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that takes a connection and never answers, or never takes it, is unreachable like any other."""
    monkeypatch.setattr(livekit_module, "ANSWER_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        door = await open_door(LIVEKIT_URL=f"ws://127.0.0.1:{mute.getsockname()[1]}")
        answer = await asyncio.wait_for(door.token(), 10)

    assert (answer.status, answer.kind) == (503, "livekit-unreachable")


async def test_unreachable_livekit_is_not_a_busy_line(open_door: Open) -> None:
    """When LiveKit is down, the answer says so, gives no time to retry, and leaves the slot free."""
    door = await open_door(LIVEKIT_URL="ws://127.0.0.1:1")
    answer = await door.token()

    assert (answer.status, answer.kind) == (503, "livekit-unreachable")
    assert "livekit_unreachable" in answer.json["detail"]
    assert "Retry-After" not in answer.headers
    assert door.service.admission.capacity().free == 4


async def test_agents_with_another_secret_are_named(open_door: Open, pod: AgentPod) -> None:
    """When the agents refuse our signature, the answer says what has to be the same."""
    pod.secret = "another-secret-of-32-characters!!"
    answer = await (await open_door()).token()

    assert (answer.status, answer.kind) == (503, "agents-refuse-key")
    assert "same LiveKit key" in answer.json["detail"]


async def test_wrong_key_is_named(open_door: Open, pod: AgentPod) -> None:
    """When LiveKit refuses our key, the answer says which kind of trouble it is."""
    pod.secret = "another-secret-of-32-characters!!"
    answer = await (await open_door(LIVEKIT_API_SECRET="another-secret-of-32-characters!!")).token()

    assert (answer.status, answer.kind) == (503, "livekit-refuses-key")


async def test_outcomes_are_counted(open_door: Open, pod: AgentPod) -> None:
    """Each way a request can end moves its own counter."""
    pod.slots = 1
    door = await open_door()
    await door.token({"room_config": {"agents": []}, "x": 1})
    await door.token({"room_name": "mine"})
    await door.token()
    await door.token()
    text = door.service.metrics.text().decode()

    for outcome in ("issued", "invalid", "forbidden", "full"):
        assert f'alex_web_tokens_total{{outcome="{outcome}"}} 1.0' in text
    assert 'alex_web_tokens_total{outcome="livekit"} 0.0' in text
    assert 'alex_web_dispatch_total{outcome="sent"} 1.0' in text


# A named room


async def test_named_room_gets_one_agent(open_door: Open, livekit: LiveKitServer, pod: AgentPod) -> None:
    """Many callers who name the same new room at once, at two replicas, share a room with one agent."""
    pod.slots = 40
    doors = [await open_door(ALEX_CALLER_MAY="room", ALEX_MAX_PARTICIPANTS="20") for _ in range(2)]
    room = f"shared-{time.monotonic_ns()}"
    answers = await asyncio.gather(*(doors[i % 2].token({"room_name": room}) for i in range(10)))

    assert {answer.status for answer in answers} == {201}
    async with livekit.api() as admin:
        dispatches = await admin.agent_dispatch.list_dispatch(room)
    assert len(dispatches) == 1


async def test_full_room_is_refused_here_and_there(open_door: Open, livekit: LiveKitServer) -> None:
    """The limit of a room holds twice: web gives no token, and LiveKit lets nobody in who has one already."""
    door = await open_door(ALEX_CALLER_MAY="room")
    name = f"full-{time.monotonic_ns()}"
    first, early = await door.token({"room_name": name}), await door.token({"room_name": name})
    inside, outside = rtc.Room(), rtc.Room()
    await inside.connect(livekit.url, first.json["participant_token"])
    try:
        late = await door.token({"room_name": name})
        with pytest.raises(rtc.ConnectError):
            await outside.connect(livekit.url, early.json["participant_token"])
    finally:
        await inside.disconnect()

    assert (late.status, late.kind) == (409, "room-full")


async def test_agent_takes_no_callers_place(open_door: Open, livekit: LiveKitServer) -> None:
    """An agent in the room does not count against its limit."""
    door = await open_door(ALEX_CALLER_MAY="room")
    name = f"agent-there-{time.monotonic_ns()}"
    await door.token({"room_name": name})
    agent, caller = rtc.Room(), rtc.Room()
    await agent.connect(livekit.url, livekit.token(name, "alex", kind="agent"))
    try:
        answer = await door.token({"room_name": name})
        await caller.connect(livekit.url, answer.json["participant_token"])
    finally:
        await caller.disconnect()
        await agent.disconnect()

    assert answer.status == 201


async def test_taken_identity_is_refused(open_door: Open, livekit: LiveKitServer) -> None:
    """Nobody gets the identity of somebody in the room: LiveKit would send the first one home."""
    door = await open_door(ALEX_CALLER_MAY="room,identity", ALEX_MAX_PARTICIPANTS="3")
    body = {"room_name": f"twins-{time.monotonic_ns()}", "participant_identity": "me"}
    first = await door.token(body)
    inside = rtc.Room()
    await inside.connect(livekit.url, first.json["participant_token"])
    try:
        second = await door.token(body)
    finally:
        await inside.disconnect()

    assert (second.status, second.kind) == (409, "identity-taken")


# What a caller tries with the token it has


async def test_token_opens_no_other_room(door: FrontDoor, livekit: LiveKitServer) -> None:
    """A join with the name of another room beside the token ends in the token's own room."""
    mine, other = await door.token(), await door.token()
    room = rtc.Room()
    await room.connect(f"{livekit.url}/?room={other.room}", mine.json["participant_token"])
    joined = room.name
    await room.disconnect()

    assert joined == mine.room


async def test_token_administers_nothing(door: FrontDoor, livekit: LiveKitServer) -> None:
    """With a caller's token nobody creates, lists or closes rooms, sends agents, or looks at participants."""
    answer = await door.token()
    async with api.LiveKitAPI.with_token(answer.json["participant_token"], livekit.url) as caller:
        tries: list[Awaitable[object]] = [
            caller.room.create_room(api.CreateRoomRequest(name="mine")),
            caller.room.list_rooms(api.ListRoomsRequest()),
            caller.room.delete_room(api.DeleteRoomRequest(room=answer.room)),
            caller.room.list_participants(api.ListParticipantsRequest(room=answer.room)),
            caller.room.update_room_metadata(api.UpdateRoomMetadataRequest(room=answer.room, metadata="x")),
            caller.agent_dispatch.create_dispatch(api.CreateAgentDispatchRequest(agent_name="alex", room=answer.room)),
        ]
        refusals = await asyncio.gather(*tries, return_exceptions=True)

    assert [getattr(refusal, "status", refusal) for refusal in refusals] == [401] * len(tries)


async def test_caller_cannot_pretend_to_be_alex(open_door: Open, livekit: LiveKitServer) -> None:
    """A caller cannot show the state of an agent; somebody with the right to, in the same room, can."""
    door = await open_door(ALEX_CALLER_MAY="room", ALEX_MAX_PARTICIPANTS="2")
    name = f"masks-{time.monotonic_ns()}"
    answer = await door.token({"room_name": name})
    right = api.VideoGrants(room_join=True, room=name, can_update_own_metadata=True)
    other = api.AccessToken("devkey", livekit.secret).with_identity("other").with_grants(right).to_jwt()
    caller, allowed = rtc.Room(), rtc.Room()
    await caller.connect(livekit.url, answer.json["participant_token"])
    await allowed.connect(livekit.url, other)
    try:
        async with livekit.api() as admin, asyncio.timeout(5):
            seen: dict[str, str] = {}
            while "other" not in seen.values():
                for one in (caller, allowed):  # the SDK does not wait for the server's refusal
                    await one.local_participant.set_attributes({"lk.agent.state": "speaking"})
                request = api.ListParticipantsRequest(room=name)
                found = (await admin.room.list_participants(request)).participants
                seen = {p.attributes.get("lk.agent.state", "-"): p.identity for p in found}
    finally:
        await caller.disconnect()
        await allowed.disconnect()

    assert seen == {"speaking": "other", "-": answer.claims["sub"]}


async def test_caller_publishes_a_microphone_and_no_camera(door: FrontDoor, livekit: LiveKitServer) -> None:
    """LiveKit takes the caller's microphone and refuses a camera."""
    answer = await door.token()
    room = rtc.Room()
    await room.connect(livekit.url, answer.json["participant_token"])
    audio = rtc.LocalAudioTrack.create_audio_track("voice", rtc.AudioSource(24_000, 1))
    video = rtc.LocalVideoTrack.create_video_track("face", rtc.VideoSource(16, 16))
    microphone = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    camera = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA)
    # The server leaves the camera unanswered. The microphone, asked for afterwards on the same line, shows it heard.
    face = asyncio.create_task(room.local_participant.publish_track(video, camera))
    await asyncio.sleep(0.2)
    await room.local_participant.publish_track(audio, microphone)
    sources: list[str] = []
    async with livekit.api() as admin, asyncio.timeout(10):
        while "MICROPHONE" not in sources:  # it counts as published once its media arrives
            (who,) = (await admin.room.list_participants(api.ListParticipantsRequest(room=answer.room))).participants
            sources = sorted(api.TrackSource.Name(track.source) for track in who.tracks)
            await asyncio.sleep(0.1)
    face.cancel()
    await room.disconnect()

    assert sources == ["MICROPHONE"]


async def test_tampered_token_is_refused(door: FrontDoor, livekit: LiveKitServer) -> None:
    """LiveKit refuses a token signed with another secret or with none."""
    claims = (await door.token()).claims
    for forged in (jwt.encode(claims, "x" * 32, "HS256"), jwt.encode(claims, None, "none")):
        with pytest.raises(rtc.ConnectError):
            await rtc.Room().connect(livekit.url, forged)
