from tests.test_settings import *
async def test_source(home, entry, hub):
    camera = hub.cameras[CAMERA]
    before = camera.source
    sub = entry.subentries[CAMERA]
    home.config_entries.async_update_subentry(entry, sub, data={**sub.data, "url": "http://127.0.0.1:9/x.jpg"})
    await home.async_block_till_done()
    print("SOURCE REPLACED:", camera.source is not before)
async def test_events(home, entry, hub):
    events = async_capture_events(home, EVENT_TIMELAPSER)
    seen = []
    async def look(event):
        seen.append((await values(home))["fps"])
    home.bus.async_listen(EVENT_TIMELAPSER, look)
    flow = await home.config_entries.options.async_init(entry.entry_id)
    await home.config_entries.options.async_configure(flow["flow_id"], {"fps": 30})
    await home.async_block_till_done()
    print("NAMES:", [e.data.get("settings") for e in events], "SEEN", seen)
