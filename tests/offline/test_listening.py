"""Where speech begins and ends: the parts below both engines, without a server."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from alex_offline.audio import Mp3, change_rate, read_wav, resample, slices, to_pcm, to_samples, wav_header
from alex_offline.segments import LONGEST_SECONDS, Segments
from alex_offline.words import spread
from numpy.typing import NDArray
from offline.voice import RATE, pcm, say


def cut(audio: bytes, silence: float = 0.45) -> list[tuple[float, float]]:
    """Cut audio into utterances: the start and end of each."""
    segments = Segments(RATE, 1, silence)
    found = []
    for piece in slices(audio, RATE):
        segments.feed(piece)
        if segments.ended:
            found.append((segments.start, segments.end))
            segments.take()
    return found


def noise(seconds: float, level: float) -> NDArray[np.float64]:
    """Make white noise with this root mean square."""
    return np.random.default_rng(5).standard_normal(int(seconds * RATE)) * level


def decoded(data: bytes) -> int:
    """Count the samples a decoder finds."""
    with av.open(io.BytesIO(data), "r") as file:
        return sum(frame.samples for frame in file.decode(audio=0) if isinstance(frame, av.AudioFrame))


def test_a_sentence_is_one_utterance() -> None:
    """Pauses inside a sentence do not cut it, and its edges are where it sounds."""
    audio = say("Well, if I may ask, what are you called?", tail=1.0)
    found = cut(audio)

    assert len(found) == 1
    assert 0.3 < found[0][0] < 0.8
    assert found[0][1] == pytest.approx(len(audio) / 2 / RATE - 1.0, abs=0.6)


def test_two_sentences_with_a_second_between_are_two() -> None:
    """A pause of a second ends an utterance."""
    assert len(cut(say("One thing.") + say("And another thing."))) == 2


@pytest.mark.parametrize("level", [0.0, 0.001, 0.01])
def test_speech_is_found_in_a_steady_noise(level: float) -> None:
    """With a fan running, the sentence is found once, near where it is in silence."""
    speech = np.frombuffer(say("Where is the next train station?", tail=2.0), dtype="<i2") / 32768
    lead = noise(2.0, level)
    audio = pcm(np.concatenate([lead, speech + noise(len(speech) / RATE + 1, level)[: len(speech)]]))
    found = [edge for edge in cut(audio) if edge[1] > 2.0]

    assert len(found) == 1
    assert found[0][0] == pytest.approx(2.5, abs=0.3)


def test_clicks_and_noise_are_no_speech() -> None:
    """A mouse click, silence and noise that begins softly are not utterances."""
    click = np.zeros(RATE)
    click[8000:8200] = 0.8

    assert cut(pcm(click)) == []
    assert cut(bytes(RATE * 4)) == []
    assert cut(pcm(noise(3.0, 0.002))) == []


def test_endless_speech_is_cut() -> None:
    """Somebody who never pauses is cut after the longest utterance, so that memory stays bounded."""
    seconds = LONGEST_SECONDS * 2.2
    syllables = 0.5 + 0.5 * np.sin(np.arange(int(RATE * seconds)) / RATE * 2 * np.pi * 4)

    assert len(cut(pcm(noise(seconds, 0.2)[: len(syllables)] * syllables))) == 2


def test_kept_audio_has_a_little_lead_and_no_more() -> None:
    """What is kept begins at most half a second before the sound, however long the silence was."""
    segments = Segments(RATE, 1, 0.45, keep=True)
    for piece in slices(bytes(RATE * 20) + say("Hello there."), RATE):
        segments.feed(piece)
        if segments.ended:
            break
    assert len(segments.audio()) / RATE < 2.5


def test_words_share_their_span() -> None:
    """Timings go up, fill the span exactly, and longer words take longer."""
    words = spread(["a", "considerable", "span"], 1.0, 3.0)

    assert [word.text for word in words] == ["a", "considerable", "span"]
    assert words[0].start == 1.0
    assert words[-1].end == pytest.approx(3.0)
    assert words[1].end - words[1].start > words[0].end - words[0].start
    assert spread([], 1.0, 3.0) == ()


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_another_rate_keeps_the_tone_and_the_length(rate: int) -> None:
    """A tone keeps its length, pitch and loudness at every rate ElevenLabs offers."""
    tone = (np.sin(2 * np.pi * 440 * np.arange(24_000) / 24_000) * 0.5).astype(np.float32)
    changed = to_samples(change_rate(to_pcm(tone), rate))

    assert len(changed) == pytest.approx(rate, abs=2)
    spectrum = np.abs(np.fft.rfft(changed))
    assert np.argmax(spectrum) * rate / len(changed) == pytest.approx(440, abs=2)
    assert np.abs(changed).max() == pytest.approx(0.5, abs=0.05)


def test_mp3_holds_what_went_in() -> None:
    """Pieces encoded one after another decode to the same length."""
    tone = to_pcm((np.sin(np.arange(24_000) * 0.1) * 0.5).astype(np.float32))
    encoder = Mp3(22_050, 32)
    data = encoder.encode(tone) + encoder.encode(b"") + encoder.encode(tone) + encoder.finish()

    assert decoded(data) / 22_050 == pytest.approx(2.0, abs=0.15)


def test_a_torn_frame_is_dropped_and_channels_are_mixed() -> None:
    """An odd byte at the end is no sample; left and right become their mean."""
    assert len(to_samples(b"\x00\x01\x02")) == 1
    assert to_samples(np.array([16384, -16384], dtype="<i2").tobytes(), 2).tolist() == [0.0]
    assert len(resample(np.zeros(0, dtype=np.float32), 48_000, 16_000)) == 0


def test_the_streamed_wav_header_is_understood() -> None:
    """A reader takes the endless header, and refuses what is no WAV."""
    assert decoded(wav_header() + bytes(4800)) == 2400
    with pytest.raises(ValueError, match="not a WAV"):
        read_wav(b"RIFFnonsense")
