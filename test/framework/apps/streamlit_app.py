import streamlit as st

st.set_page_config(page_title="Double it")

st.title("Double it")
number = st.slider("Number", 0, 10, 3)
st.markdown(f"doubled: {2 * number}")
# Written through the app's own form, which an origin check can refuse.
file = st.file_uploader("A file")
if file is not None:
    st.markdown(f"bytes: {len(file.getvalue())}")
