"""Speech and language from small local models, speaking the wire protocols of Deepgram, OpenAI and ElevenLabs."""
